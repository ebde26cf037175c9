"""Random batches of crops from training pairs: with a border or without, in eight orientations, prefetched.

Crops are cut at matching places of both resolutions, so that no crop has a resampling border inside it. Bordered crops
(`borders`) are shrunk by themselves.
"""

import queue
import threading
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .borders import with_borders
from .pairs import Pair
from .pictures import resized


@dataclass(frozen=True)
class Batch:
    """Crops of one size, uint8 [n, channels, p, p] and [n, channels, p*scale, p*scale], and their weights, float32 [n]."""

    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray
    teacher_output: np.ndarray | None


class Batches:
    """Endless random batches, cut by a background thread; `frames` is the share of crops that get a border."""

    def __init__(
        self,
        pairs: list[Pair],
        scale: int,
        patch: int,
        batch: int,
        seed: int,
        intensities: tuple[float, ...] = (1.0,),
        frames: float = 0.0,
        depth: int = 8,
    ):
        self._frames = frames
        self._light = [_levels(intensity, 16 if pairs[0].low.shape[0] == 1 else 0) for intensity in intensities]
        self._pairs, self._scale, self._patch, self._batch = pairs, scale, patch, batch
        self._random = np.random.default_rng(seed)
        weights = np.array([pair.low[0].size for pair in pairs], dtype=np.float64)
        self._chance = weights / weights.sum()
        self._queue: queue.Queue = queue.Queue(depth)
        threading.Thread(target=self._fill, daemon=True).start()

    def __next__(self) -> Batch:
        return self._queue.get()

    def _fill(self) -> None:
        while True:
            chosen = [self._pairs[index] for index in self._random.choice(len(self._pairs), self._batch, p=self._chance)]
            low, high, *teacher_output = (np.stack(planes) for planes in zip(*(self._crop(pair) for pair in chosen)))
            weights = np.array([pair.weight for pair in chosen], dtype=np.float32)
            self._queue.put(Batch(low, high, weights, teacher_output[0] if teacher_output else None))

    def _crop(self, pair: Pair) -> list[np.ndarray]:
        """One crop of the pair, and of the teacher's picture if there is one."""
        size, scale = self._patch, self._scale
        top = self._random.integers(pair.low.shape[1] - size + 1)
        left = self._random.integers(pair.low.shape[2] - size + 1)
        within = np.s_[:, top * scale : (top + size) * scale, left * scale : (left + size) * scale]
        crops = [pair.low[:, top : top + size, left : left + size], *(plane[within] for plane in (pair.high, pair.teacher_output) if plane is not None)]
        if self._frames and self._random.random() < self._frames:
            high = with_borders(crops[1], self._random)
            crops = [resized(high, (size, size), Image.BICUBIC), high]
        flips, light = self._random.integers(8), self._light[self._random.integers(len(self._light))]
        return [light[_orient(crop, flips)] for crop in crops]


def _levels(intensity: float, black: int) -> np.ndarray:
    """Each of 256 levels with its distance from `black` (16 in video's luma, 0 in RGB) multiplied, uint8 [256]."""
    return np.clip(np.rint(black + (np.arange(256) - black) * intensity), 0, 255).astype(np.uint8)


def _orient(plane: np.ndarray, which: int) -> np.ndarray:
    if which & 1:
        plane = plane[:, :, ::-1]
    if which & 2:
        plane = plane[:, ::-1]
    return plane.transpose(0, 2, 1) if which & 4 else plane
