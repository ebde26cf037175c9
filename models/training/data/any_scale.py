"""Crops of photographs for networks that enlarge by any scale: the crop at high resolution, and its reduction at a scale that each step draws.

A crop is reduced by itself, as the whole picture that it then is, by bicubic interpolation with antialiasing at the true ratio of its sides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .borders import drawn_borders, with_borders
from .crops import Places, look_up
from .pairs import LOSSY_TYPES
from .pictures import bicubic, image_files, planes

LEAST, MOST = 1.0, 4.0
SCALES = {1.5: 0.18, 2.0: 0.17, 2.25: 0.1, 3.0: 0.15, 4.0: 0.15}
"""Scales that are drawn more often than all others from `LEAST` to `MOST`, and their chances."""
WEIGHED_AT = 3
"""The scale at which a picture's bicubic error decides its weight."""


@dataclass(frozen=True)
class AnyScaleBatch:
    """Crops of one step, float32 in 0..1, on rows and columns of the enlargement that were drawn."""

    low: torch.Tensor
    """[n, 1, p, p], whole levels."""
    bilinear: torch.Tensor
    """The bilinear enlargement of `low`, [n, R, C]."""
    high: torch.Tensor
    """The truth, [n, R, C], whole levels."""
    side: int
    """Rows, and columns, of the whole enlargement."""
    rows: np.ndarray
    """int64 [R]"""
    columns: np.ndarray
    weights: torch.Tensor
    """Weight of each crop's squared error, [n]."""


class AnyScale:
    """Luma of photographs, and batches of their crops: `patch` pixels of low resolution a side, `samples` rows and columns of high resolution."""

    def __init__(self, pictures: list[np.ndarray], patch: int, samples: int, batch: int, frames: float, floor: float, seed: int):
        self._patch, self._samples, self._batch, self._frames, self._seed = patch, samples, batch, frames, seed
        self._places = Places([picture.shape for picture in pictures])
        self._records = torch.from_numpy(np.concatenate([picture.reshape(-1, 1) for picture in pictures]))
        errors = np.array([max(_bicubic_error(picture), floor**2) for picture in pictures])
        self._weights = ((1 / errors) / np.mean(1 / errors)).astype(np.float32)

    def at(self, step: int) -> AnyScaleBatch:
        """The batch of a step, which follows from the seed and the step alone."""
        random = np.random.default_rng((self._seed, step))
        return self._cut(random, drawn_scale(random))

    def of_scale(self, scale: float, count: int) -> Iterator[AnyScaleBatch]:
        """`count` batches of one scale."""
        return (self._cut(np.random.default_rng((self._seed, 1, index)), scale) for index in range(count))

    def _cut(self, random: np.random.Generator, scale: float) -> AnyScaleBatch:
        side, n = round(self._patch * scale), self._batch
        which, _, places = self._places.draw(random, n, side)
        high = look_up(self._records, torch.from_numpy(places), side).permute(0, 3, 1, 2)
        framed = round(n * self._frames)
        if framed:
            high = torch.cat((with_borders(high[:framed], torch.from_numpy(drawn_borders(random, framed))), high[framed:]))
        high = high.float()
        low = shrunk(high, self._patch) / 255
        rows, columns = (np.sort(random.permutation(side)[: self._samples]) for _ in range(2))
        bilinear = F.interpolate(low, size=(side, side), mode="bilinear", align_corners=False)
        chosen = [picture[:, 0].index_select(1, torch.from_numpy(rows)).index_select(2, torch.from_numpy(columns)) for picture in (bilinear, high / 255)]
        return AnyScaleBatch(low, *chosen, side, rows, columns, torch.from_numpy(self._weights[which]))


def drawn_scale(random: np.random.Generator) -> float:
    """A scale by the chances of `SCALES`."""
    drawn = random.random()
    for scale, chance in SCALES.items():
        if drawn < chance:
            return scale
        drawn -= chance
    return float(random.uniform(LEAST, MOST))


def shrunk(pictures: torch.Tensor, side: int) -> torch.Tensor:
    """Square pictures of float levels [n, 1, h, w] brought to `side` as Pillow's BICUBIC does it, to a level: rows first, rounded, then columns."""
    for size in ((pictures.shape[2], side), (side, side)):
        pictures = F.interpolate(pictures, size=size, mode="bicubic", antialias=True).round().clamp(0, 255)
    return pictures


def load_luma(folder: Path, sizes: tuple[float, ...], lossy_sizes: tuple[float, ...], least: int) -> list[np.ndarray]:
    """Luma uint8 [h, w] of the photographs below `folder` at each relative size, as `pairs.load_pairs` takes them; those with a side under `least` are left out."""
    found = []
    for path in image_files(folder):
        with Image.open(path) as opened:
            original = opened.convert("RGB")
        for size in lossy_sizes if path.suffix.lower() in LOSSY_TYPES else sizes:
            shape = tuple(round(side * size) for side in original.size)
            if min(shape) >= least:
                found.append(planes(original if size == 1.0 else original.resize(shape, Image.BICUBIC), 1)[0])
    return found


def _bicubic_error(picture: np.ndarray) -> float:
    """Mean squared error of reduction and bicubic enlargement, in squared levels."""
    height, width = (side // WEIGHED_AT * WEIGHED_AT for side in picture.shape)
    high = picture[:height, :width]
    low = np.asarray(Image.fromarray(high).resize((width // WEIGHED_AT, height // WEIGHED_AT), Image.BICUBIC))
    return float(np.square(bicubic(low[None], WEIGHED_AT)[0].astype(np.float32) - high).mean())
