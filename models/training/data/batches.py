"""Random batches of crops from training pairs: with a border or without, in eight orientations, cut on the device that trains.

Which crops a step sees follows from seed and step alone (`Photographs.plan`), whatever ran before it and wherever. The
photographs lie on the device as one array of records, one for each pixel at low resolution: its own bytes and the
scale^2 bytes at high resolution that lie in its place. So a crop is one look-up for each low-resolution pixel, of a position that is
linear in row and column: a mirrored or transposed crop differs only in where it begins and in its two steps, and in the order of
the bytes within a record.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .borders import drawn_borders, with_borders
from .pairs import Pair

ORIENTATIONS = 8
"""Mirrored in x (1), in y (2), and then transposed (4)."""
BEGIN, DOWN, ACROSS, LIGHT, FRAMED, PHASES = 0, 1, 2, 3, 4, 5
"""Columns of `Plan.crops`."""


@dataclass(frozen=True)
class Batch:
    """Crops of one size, uint8 [n, channels, p, p] and [n, channels, p*scale, p*scale], and their weights, float32 [n]."""

    low: torch.Tensor
    high: torch.Tensor
    weights: torch.Tensor
    teacher_output: torch.Tensor | None


@dataclass(frozen=True)
class Plan:
    """Crops of one step to be cut: small tensors that can be copied into those of a recorded step."""

    crops: torch.Tensor
    """int64 [n, 5 + scale^2]: the record that the crop begins with, the steps from row to row and from column to column, the
    intensity's number, 1 if it gets a border, and the phase that each phase of the result comes from."""
    borders: torch.Tensor
    """float32 [k, 5], those of the first k crops (`borders.drawn_borders`)."""
    weights: torch.Tensor

    def tensors(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The three of them, in one order."""
        return self.crops, self.borders, self.weights

    def to(self, device: torch.device) -> "Plan":
        """A copy on `device`; the plan itself if it is there."""
        return Plan(*(tensor.to(device) for tensor in self.tensors()))


class Photographs:
    """Training pairs on a device, and random crops of them; `frames` is the share of crops that get a border."""

    def __init__(
        self,
        pairs: list[Pair],
        scale: int,
        patch: int,
        batch: int,
        seed: int,
        intensities: tuple[float, ...] = (1.0,),
        frames: float = 0.0,
        device: torch.device | str = "cpu",
    ):
        self._scale, self._patch, self._batch, self._seed, self._frames = scale, patch, batch, seed, frames
        self._channels, self._taught = pairs[0].low.shape[0], pairs[0].teacher_output is not None
        self.device = torch.device(device)
        pixels = np.array([pair.low[0].size for pair in pairs])
        drawn = pixels * np.array([pair.chance for pair in pairs])
        self._chance = np.cumsum(drawn) / drawn.sum()
        self._heights, self._widths = (np.array([pair.low.shape[axis] for pair in pairs]) for axis in (1, 2))
        self._begins = np.cumsum(pixels) - pixels
        self._weights = np.array([pair.weight for pair in pairs], np.float32)
        self._records = torch.cat([torch.from_numpy(_records(pair, scale)) for pair in pairs]).to(self.device)
        levels = [_levels(intensity, 16 if self._channels == 1 else 0) for intensity in intensities]
        self._light = torch.from_numpy(np.concatenate(levels)).to(self.device)
        self._orders = np.array([_phase_order(scale, orientation) for orientation in range(ORIENTATIONS)])

    def plan(self, step: int) -> Plan:
        """The crops of a step, drawn on the CPU so that every device sees the same ones."""
        random, size, n = np.random.default_rng((self._seed, step)), self._patch, self._batch
        which = np.minimum(np.searchsorted(self._chance, random.random(n), side="right"), len(self._widths) - 1)
        width = self._widths[which]
        begin = self._begins[which] + random.integers(self._heights[which] - size + 1) * width + random.integers(width - size + 1)
        orientation = random.integers(ORIENTATIONS, size=n)
        mirrored, upturned, transposed = (orientation & bit > 0 for bit in (1, 2, 4))
        begin = begin + np.where(mirrored, size - 1, 0) + np.where(upturned, (size - 1) * width, 0)
        rows, columns = np.where(upturned, -width, width), np.where(mirrored, -1, 1)
        down, across = np.where(transposed, columns, rows), np.where(transposed, rows, columns)
        light = random.integers(len(self._light) // 256, size=n)
        # As many as their share up to here, less those before: the share is kept where it is no whole number of a batch.
        framed = math.floor((step + 1) * n * self._frames) - math.floor(step * n * self._frames)
        crops = np.column_stack([begin, down, across, light, np.arange(n) < framed, self._orders[orientation]])
        borders = drawn_borders(random, math.ceil(n * self._frames))
        return Plan(torch.from_numpy(crops.astype(np.int64)), torch.from_numpy(borders), torch.from_numpy(self._weights[which]))

    def at(self, step: int) -> Batch:
        """The batch of a step."""
        return self.cut(self.plan(step).to(self.device))

    def cut(self, plan: Plan) -> Batch:
        """The crops of a plan on the photographs' device. Runs no code that depends on the plan's values, so that it can be recorded as a CUDA graph."""
        n, size, channels, phases = len(plan.crops), self._patch, self._channels, self._scale**2
        along = torch.arange(size, device=self.device)
        begin, down, across = (plan.crops[:, column].view(-1, 1, 1) for column in (BEGIN, DOWN, ACROSS))
        position = begin + down * along.view(-1, 1) + across * along
        found = self._records.index_select(0, position.view(-1)).view(n, size, size, -1)
        low = found[..., :channels].permute(0, 3, 1, 2).contiguous()
        larger = found[..., channels:].view(n, size, size, -1, phases)
        order = plan.crops[:, PHASES:].view(n, 1, 1, 1, phases).expand_as(larger)
        pictures = larger.gather(4, order).permute(0, 3, 4, 1, 2).reshape(n, -1, size, size)
        high, *teacher_output = F.pixel_shuffle(pictures, self._scale).split(channels, 1)
        if len(plan.borders):
            low, high = _framed(low, high, plan)
        crops = [self._lit(crop, plan) for crop in (low, high, *teacher_output)]
        return Batch(crops[0], crops[1], plan.weights, crops[2] if self._taught else None)

    def _lit(self, crop: torch.Tensor, plan: Plan) -> torch.Tensor:
        if len(self._light) == 256:
            return crop
        return self._light[plan.crops[:, LIGHT].view(-1, 1, 1, 1) * 256 + crop.long()]


def _framed(low: torch.Tensor, high: torch.Tensor, plan: Plan) -> tuple[torch.Tensor, torch.Tensor]:
    """Both with borders on the first crops, if they are to have some; those are shrunk anew."""
    count = len(plan.borders)
    chosen = plan.crops[:count, FRAMED].view(-1, 1, 1, 1) > 0
    bordered = with_borders(high[:count], plan.borders)
    shrunk = _shrunk(bordered, low.shape[3])
    return (torch.cat([torch.where(chosen, new, old[:count]), old[count:]]) for new, old in ((shrunk, low), (bordered, high)))


def _shrunk(pictures: torch.Tensor, side: int) -> torch.Tensor:
    """Square uint8 pictures brought to `side` as Pillow's BICUBIC does it, to a level: rows first, rounded, then columns."""
    for size in ((pictures.shape[2], side), (side, side)):
        pictures = F.interpolate(pictures.float(), size=size, mode="bicubic", antialias=True).round().clamp(0, 255).to(torch.uint8)
    return pictures


def _records(pair: Pair, scale: int) -> np.ndarray:
    """uint8 [h*w, channels * (1 + scale^2)], with a teacher's picture channels * scale^2 more: each pixel's bytes, then channel by channel, phase by phase, those in its place."""
    channels, height, width = pair.low.shape
    parts = [pair.low.transpose(1, 2, 0).reshape(height * width, channels)]
    for plane in (pair.high, pair.teacher_output):
        if plane is not None:
            folded = plane.reshape(channels, height, scale, width, scale).transpose(1, 3, 0, 2, 4)
            parts.append(folded.reshape(height * width, channels * scale**2))
    return np.concatenate(parts, axis=1)


def _phase_order(scale: int, orientation: int) -> np.ndarray:
    """For each of the scale^2 phases of an oriented crop, the phase that it had."""
    return oriented(np.arange(scale**2).reshape(1, scale, scale), orientation).ravel()


def oriented(plane: np.ndarray, orientation: int) -> np.ndarray:
    """[c, h, w] in one of the `ORIENTATIONS`."""
    if orientation & 1:
        plane = plane[:, :, ::-1]
    if orientation & 2:
        plane = plane[:, ::-1]
    return plane.transpose(0, 2, 1) if orientation & 4 else plane


def _levels(intensity: float, black: int) -> np.ndarray:
    """Each of 256 levels with its distance from `black` (16 in video's luma, 0 in RGB) multiplied, uint8 [256]."""
    return np.clip(np.rint(black + (np.arange(256) - black) * intensity), 0, 255).astype(np.uint8)
