"""Places of random crops in pictures that lie on a device one after another, as records in rows.

A crop is one look-up for each of its records, of a position that is linear in row and column: a mirrored or transposed crop differs only in
where it begins and in its two steps.
"""

from collections.abc import Iterable

import numpy as np
import torch

ORIENTATIONS = 8
"""Mirrored in x (1), in y (2), and then transposed (4)."""
BEGIN, DOWN, ACROSS = 0, 1, 2
"""The first columns of a plan's crops: the record that the crop begins with, the steps from row to row and from column to column."""


class StepPlan:
    """Tensors of one step, in one order; a subclass is a dataclass that names them."""

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """All of them, in the order of their names."""
        return tuple(vars(self).values())

    def to(self, device: torch.device) -> "StepPlan":
        """A copy on `device`; the plan itself if it is there."""
        return type(self)(*(tensor.to(device) for tensor in self.tensors()))


class Places:
    """Pictures of `sizes` (height, width), from which crops are drawn, each by its number of records, times its chance if `chances` are given."""

    def __init__(self, sizes: Iterable[tuple[int, int]], chances: Iterable[float] | None = None):
        self._heights, self._widths = np.array(list(sizes)).T
        records = self._heights * self._widths
        drawn = records if chances is None else records * np.array(list(chances))
        self._chance = np.cumsum(drawn) / drawn.sum()
        self._begins = np.cumsum(records) - records

    def draw(self, random: np.random.Generator, count: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For `count` crops of `side` x `side` records: their pictures, their orientations, and int64 [count, 3] of BEGIN, DOWN and ACROSS."""
        which = np.minimum(np.searchsorted(self._chance, random.random(count), side="right"), len(self._widths) - 1)
        width = self._widths[which]
        begin = self._begins[which] + random.integers(self._heights[which] - side + 1) * width + random.integers(width - side + 1)
        orientation = random.integers(ORIENTATIONS, size=count)
        mirrored, upturned, transposed = (orientation & bit > 0 for bit in (1, 2, 4))
        begin = begin + np.where(mirrored, side - 1, 0) + np.where(upturned, (side - 1) * width, 0)
        rows, columns = np.where(upturned, -width, width), np.where(mirrored, -1, 1)
        return which, orientation, np.column_stack([begin, np.where(transposed, columns, rows), np.where(transposed, rows, columns)])


def look_up(records: torch.Tensor, crops: torch.Tensor, side: int) -> torch.Tensor:
    """The records [n, side, side, bytes] of a plan's crops. Runs no code that depends on the crops' values."""
    along = torch.arange(side, device=records.device)
    begin, down, across = (crops[:, column].view(-1, 1, 1) for column in (BEGIN, DOWN, ACROSS))
    position = begin + down * along.view(-1, 1) + across * along
    return records.index_select(0, position.view(-1)).view(len(crops), side, side, -1)


def oriented(plane: np.ndarray, orientation: int) -> np.ndarray:
    """[c, h, w] in one of the `ORIENTATIONS`."""
    if orientation & 1:
        plane = plane[:, :, ::-1]
    if orientation & 2:
        plane = plane[:, ::-1]
    return plane.transpose(0, 2, 1) if orientation & 4 else plane
