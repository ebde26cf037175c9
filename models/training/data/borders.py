"""Borders: a few rows and columns of one level along a picture's sides, as scans and letterboxed films have them.

Convolutions pad the picture with black. Crops from within photographs never show a border between that padding and the
picture, so a network trained on them alone draws false edges there. Bordered crops are shrunk by themselves, border and all.
"""

import numpy as np

WIDEST = 5.0
"""Greatest width of a border, in pixels at high resolution."""
BLACK = 16


def with_borders(high: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A copy of uint8 [c, h, w] in which each side has a border with probability 1/2: black or grey, its last row possibly blended in part."""
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
