"""Noise: a table of normal numbers on the device, and the strengths that each crop draws.

The numbers are looked up, not drawn anew, so that a step sees the same noise on every device and can be recorded as a CUDA graph.
"""

import numpy as np
import torch

STRONGEST = 55.0
"""Greatest standard deviation, in levels of 0..255."""
CLEAN, SHOT = 0.1, 0.2
"""Shares of the crops: without noise, so that a clean picture stays as it is; with noise that grows with the light (Poisson-Gaussian)."""
TABLE = 1 << 22


def table(seed: int) -> torch.Tensor:
    """Normal numbers, float32 [TABLE]."""
    return torch.from_numpy(np.random.default_rng((seed, TABLE)).standard_normal(TABLE, np.float32))


def drawn(random: np.random.Generator, count: int, strongest: float, varied: bool) -> np.ndarray:
    """Noise of `count` crops, float32 [count, 3]: standard deviation on Y, on U and V, and variance for each level of light.

    `varied`: from none to `strongest`, of all kinds; otherwise all crops have `strongest`.
    """
    if not varied:
        return np.tile(np.float32([strongest, strongest, 0]), (count, 1))
    sigma, kind = random.uniform(0, strongest, count), random.random(count)
    chroma = sigma * np.where(random.random(count) < 0.7, 1, random.uniform(0.3, 1.2, count))
    shot = (kind >= CLEAN) & (kind < CLEAN + SHOT)
    # A level of 128 gets half of the variance from its light.
    gain = np.where(shot, sigma**2 / 256, 0)
    rest = np.where(shot, 0.5**0.5, 1) * np.where(kind < CLEAN, 0, 1)
    return np.column_stack([sigma * rest, chroma * rest, gain]).astype(np.float32)


def noisy(crops: torch.Tensor, strengths: torch.Tensor, offsets: torch.Tensor, normal: torch.Tensor) -> torch.Tensor:
    """Folded crops [n, 6, h, w], float in levels, with noise of `strengths` [n, 3] from the table `normal` at `offsets` [n]; uint8."""
    n, channels, height, width = crops.shape
    along = torch.arange(channels * height * width, device=crops.device)
    values = normal.index_select(0, ((offsets.view(-1, 1) + along) % len(normal)).view(-1)).view(crops.shape)
    luma, chroma, gain = (strengths[:, column].view(-1, 1, 1, 1) for column in range(3))
    own = torch.cat((luma.expand(n, 4, 1, 1), chroma.expand(n, channels - 4, 1, 1)), 1)
    return (crops + values * (own**2 + gain * crops).sqrt()).round().clamp(0, 255).to(torch.uint8)
