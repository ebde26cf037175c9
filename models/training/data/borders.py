"""Borders: a few rows and columns of one level along a picture's sides, as scans and letterboxed films have them.

Convolutions pad the picture with black. Crops from within photographs never show a border between that padding and the
picture, so a network trained on them alone draws false edges there. Bordered crops are shrunk by themselves, border and all.
"""

import numpy as np
import torch

WIDEST = 5.0
"""Greatest width of a border, in pixels at high resolution."""
BLACK = 16


def drawn_borders(random: np.random.Generator, count: int) -> np.ndarray:
    """Borders for `count` crops, float32 [count, 5]: the level, and the widths at the top, right, bottom and left.

    The level is black or any grey. Each side has a border with probability 1/2, whole pixels wide or blended in its last row.
    """
    level = np.where(random.random(count) < 0.5, BLACK, random.integers(256, size=count))
    width = np.where(random.random((count, 4)) < 0.5, random.uniform(0, WIDEST, (count, 4)), random.integers(1, int(WIDEST) + 1, (count, 4)))
    return np.column_stack([level, np.where(random.random((count, 4)) < 0.5, width, 0)]).astype(np.float32)


def with_borders(high: torch.Tensor, borders: torch.Tensor) -> torch.Tensor:
    """uint8 crops [n, c, h, w] with the `borders` [n, 5] of `drawn_borders` laid over them, uint8."""
    canvas, (height, width) = high.float(), high.shape[2:]
    level = borders[:, 0].view(-1, 1, 1, 1)
    rows, columns = torch.arange(height, device=high.device).float(), torch.arange(width, device=high.device).float()
    distances = (rows.view(-1, 1), width - 1 - columns, height - 1 - rows.view(-1, 1), columns)
    for side, distance in enumerate(distances, 1):
        # Of a row that the border's edge lies in, as much as it covers.
        cover = (borders[:, side].view(-1, 1, 1, 1) - distance).clamp(0, 1)
        canvas = canvas + cover * (level - canvas)
    return canvas.round().clamp(0, 255).to(torch.uint8)
