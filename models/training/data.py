"""Photographs to training pairs: (low resolution, high resolution) crops, eight orientations, prefetched.

Low resolution is made from the whole photograph by Pillow's BICUBIC, whose antialiasing is that of MATLAB's
imresize, the degradation that the super-resolution literature measures against; crops are then cut at matching
places, so that no crop has a resampling border inside it. Those that are to be framed (`frames`) are shrunk by themselves.
"""

import queue
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from .color import luma8
from .frames import framed

IMAGE_TYPES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
LOSSY_TYPES = {".jpg", ".jpeg", ".webp"}
SHRINKING = {"bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
"""The filters that photographs may be brought to other sizes by, before anything is made of them."""


@dataclass(frozen=True)
class Pair:
    """One photograph at both resolutions, uint8 [channels, h, w] and [channels, h*scale, w*scale]."""

    low: np.ndarray
    high: np.ndarray
    weight: float = 1.0
    """How much its squared error counts in training."""
    taught: np.ndarray | None = None
    """What a teacher makes of `low`, as `high`."""


@dataclass(frozen=True)
class Batch:
    """Crops of one size, uint8 [n, channels, p, p] and [n, channels, p*scale, p*scale], and their weights, float32 [n]."""

    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray
    taught: np.ndarray | None


def image_files(folder: Path) -> list[Path]:
    """Every image below `folder`, sorted, so that a run sees the same order on every machine."""
    files = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in IMAGE_TYPES)
    if not files:
        raise SystemExit(f"No images below {folder}. Expected PNG or JPEG photographs; give another folder with --data.")
    return files


def degrade(image: Image.Image, scale: int) -> tuple[Image.Image, Image.Image]:
    """(low, high): the image cut to a multiple of `scale`, and its bicubic reduction (Pillow BICUBIC, antialiased)."""
    width, height = (side // scale * scale for side in image.size)
    high = image.crop((0, 0, width, height))
    return high.resize((width // scale, height // scale), Image.BICUBIC), high


def load_pairs(
    folder: Path,
    scale: int,
    channels: int,
    sizes: tuple[float, ...] = (1.0,),
    minimum: int = 64,
    lossy_sizes: tuple[float, ...] = (),
    shrink: Image.Resampling = Image.BICUBIC,
) -> list[Pair]:
    """All photographs below `folder` as pairs, each at every relative size in `sizes` (shrunk copies are sharper), by the filter `shrink`.

    Those in JPEG and WebP are taken at `lossy_sizes`, if any are given: as they are, a network learns from them how
    compression blurs; shrunk, they no longer show it.
    """
    pairs = []
    for path in image_files(folder):
        with Image.open(path) as opened:
            original = opened.convert("RGB")
        for size in lossy_sizes or sizes if path.suffix.lower() in LOSSY_TYPES else sizes:
            shape = tuple(round(side * size) for side in original.size)
            image = original if size == 1.0 else original.resize(shape, shrink)
            low, high = degrade(image, scale)
            if min(low.size) >= minimum:
                pairs.append(Pair(planes(low, channels), planes(high, channels)))
    return pairs


def weighed(pairs: list[Pair], scale: int, floor: float) -> list[Pair]:
    """The pairs, each weighed by the inverse of its bicubic enlargement's squared error, mean weight 1.

    PSNR is averaged over pictures after the logarithm, so that 1 % less error is worth the same in a calm picture as in
    a busy one. Plain squared error lets the busy ones rule; with these weights its gradient is that of the mean PSNR.
    `floor` is the least error, in levels (root mean square), that a picture is taken to have.
    """
    errors = [max(float(np.square(bicubic(pair.low, scale).astype(np.float32) - pair.high).mean()), floor**2) for pair in pairs]
    mean = float(np.mean([1 / error for error in errors]))
    return [replace(pair, weight=1 / error / mean) for pair, error in zip(pairs, errors)]


def bicubic(plane: np.ndarray, scale: int) -> np.ndarray:
    """Pillow BICUBIC, rounded to uint8, each channel of [c, h, w] by itself."""
    return resample(plane, scale, Image.BICUBIC)


def resample(plane: np.ndarray, scale: int, kernel: Image.Resampling) -> np.ndarray:
    """Each channel of uint8 [c, h, w] enlarged `scale` times by Pillow."""
    return _resized(plane, (plane.shape[2] * scale, plane.shape[1] * scale), kernel)


def _resized(plane: np.ndarray, size: tuple[int, int], kernel: Image.Resampling) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(channel).resize(size, kernel)) for channel in plane])


def planes(image: Image.Image, channels: int) -> np.ndarray:
    """RGB picture to uint8 [channels, h, w]: luma for 1 channel, RGB for 3."""
    rgb = np.asarray(image)
    return luma8(rgb)[None] if channels == 1 else np.ascontiguousarray(rgb.transpose(2, 0, 1))


class Batches:
    """Endless random batches, cut by a background thread; `frames` is the share of crops that get a frame."""

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
            low, high, *taught = (np.stack(planes) for planes in zip(*(self._crop(pair) for pair in chosen)))
            weights = np.array([pair.weight for pair in chosen], dtype=np.float32)
            self._queue.put(Batch(low, high, weights, taught[0] if taught else None))

    def _crop(self, pair: Pair) -> list[np.ndarray]:
        """One crop of the pair, and of what it was taught if a teacher was asked."""
        size, scale = self._patch, self._scale
        top = self._random.integers(pair.low.shape[1] - size + 1)
        left = self._random.integers(pair.low.shape[2] - size + 1)
        within = np.s_[:, top * scale : (top + size) * scale, left * scale : (left + size) * scale]
        crops = [pair.low[:, top : top + size, left : left + size], *(plane[within] for plane in (pair.high, pair.taught) if plane is not None)]
        if self._frames and self._random.random() < self._frames:
            high = framed(crops[1], self._random)
            crops = [_resized(high, (size, size), Image.BICUBIC), high]
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
