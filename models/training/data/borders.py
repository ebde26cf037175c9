"""Frames: a few rows and columns of one level along a picture's sides, as scans have them, and films with bars.

The network sees black beyond the picture, and such a frame between that and the picture is nothing that crops from within
photographs would teach it. These crops are pictures of their own: shrunk by themselves, border and all.
"""

import numpy as np

WIDEST = 5.0
"""Pixels of a frame's side, at high resolution."""
BLACK = 16


def framed(high: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A copy of uint8 [c, h, w] with a frame along each side or none: black or grey, of whole pixels, or in part over its last ones."""
    canvas = high.astype(np.float32)
    level = BLACK if random.random() < 0.5 else random.integers(256)
    for side in range(4):
        if random.random() < 0.5:
            width = random.uniform(0, WIDEST) if random.random() < 0.5 else random.integers(1, int(WIDEST) + 1)
            _paint(np.rot90(canvas, side, (1, 2)), level, width)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def _paint(canvas: np.ndarray, level: float, width: float) -> None:
    """Lay `level` over the first rows, over `width` of them; of the last, as much as is left."""
    whole = int(width)
    canvas[:, :whole] = level
    canvas[:, whole] += (width - whole) * (level - canvas[:, whole])
