"""The grid of an enlargement as PCSR's networks take it."""

import numpy as np
import torch

from ..data.places import cell, nearest_and_places
from ..networks.pcsr import Grid


def grid(low: tuple[int, int], high: tuple[int, int], rows: np.ndarray | None = None, columns: np.ndarray | None = None) -> Grid:
    """The grid of an enlargement from `low` (height, width) to `high`; of its `rows` and `columns`, if they are given."""
    (above, y), (before, x) = (nearest_and_places(*sizes, chosen) for sizes, chosen in zip(zip(low, high), (rows, columns)))
    return Grid(torch.from_numpy(above), torch.from_numpy(before), torch.from_numpy(y)[:, None], torch.from_numpy(x)[:, None], torch.from_numpy(cell(low, high)))
