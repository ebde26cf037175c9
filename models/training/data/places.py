"""Places of an enlargement's rows or columns over those of the picture, for scales that need not be whole."""

import numpy as np


def nearest_and_places(low: int, high: int, chosen: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of `low` rows for each of `high` rows of the enlargement, int64, and how far the one's middle is from the other's.

    Distances are float32 in half rows of the picture, -1..1; a middle between two rows belongs to the later one. `chosen` are the
    rows asked for; all, if they are not given. Columns are counted alike.
    """
    positions = np.arange(high) if chosen is None else chosen
    # Twice the middle, times `high`: whole numbers, so that ties fall alike everywhere.
    doubled = (2 * positions + 1) * low
    nearest = np.minimum(doubled // (2 * high), low - 1)
    return nearest, (doubled / high - (2 * nearest + 1)).astype(np.float32)


def cell(low: tuple[int, int], high: tuple[int, int]) -> np.ndarray:
    """Height and width of a pixel of the enlargement in half pixels of the picture, float32 [1, 2]."""
    return np.array([[2 * small / large for small, large in zip(low, high)]], np.float32)
