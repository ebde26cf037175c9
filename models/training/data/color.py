"""Luma as video stores it.

ITU-R BT.601-7, section 2.5: Y' = 16 + 65.481 R + 128.553 G + 24.966 B for R, G, B in 0..1, so that black is 16 and
white is 235. Networks see this plane divided by 255, never stretched to 0..1: video arrives in limited range, and a
network trained on stretched luma would clip what video puts below 16 and above 235.
"""

import numpy as np

WEIGHTS = np.array([65.481, 128.553, 24.966]) / 255.0
"""Weights of R, G and B in luma; both sides of the equation in 0..255, or both in 0..1."""
BLACK = 16.0 / 255.0
"""The luma of black, in 0..1."""


def luma(rgb: np.ndarray) -> np.ndarray:
    """RGB uint8 [h, w, 3] to limited-range luma, float64 [h, w], not rounded."""
    return 255.0 * BLACK + rgb.astype(np.float64) @ WEIGHTS


def luma8(rgb: np.ndarray) -> np.ndarray:
    """RGB uint8 [h, w, 3] to limited-range luma, uint8 [h, w], rounded as a video encoder's input is."""
    return np.clip(np.rint(luma(rgb)), 0, 255).astype(np.uint8)
