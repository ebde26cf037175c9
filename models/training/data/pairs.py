"""Training pairs: whole photographs at low and at high resolution, and their weights in the loss."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from .pictures import bicubic, degrade, image_files, planes

LOSSY_TYPES = {".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True)
class Pair:
    """One photograph at both resolutions, uint8 [channels, h, w] and [channels, h*scale, w*scale]."""

    low: np.ndarray
    high: np.ndarray
    weight: float = 1.0
    """Weight of its squared error in training."""
    teacher_output: np.ndarray | None = None
    """The teacher's enlargement of `low`, uint8, in the shape of `high`."""
    chance: float = 1.0
    """Weight of its pixels when crops are drawn, beside the pixels of other pairs."""


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


def weighted(pairs: list[Pair], scale: int, floor: float) -> list[Pair]:
    """The pairs, each weighted by the inverse of its bicubic enlargement's squared error, mean weight 1.

    PSNR is averaged over pictures after the logarithm, so that 1 % less error is worth the same in a calm picture as in
    a busy one. Plain squared error lets the busy ones rule; with these weights its gradient is that of the mean PSNR.
    `floor` is the least error, in levels (root mean square), that a picture is taken to have.
    """
    errors = [max(float(np.square(bicubic(pair.low, scale).astype(np.float32) - pair.high).mean()), floor**2) for pair in pairs]
    mean = float(np.mean([1 / error for error in errors]))
    return [replace(pair, weight=1 / error / mean) for pair, error in zip(pairs, errors)]


def mixed(pairs: list[Pair], others: list[Pair], share: float) -> list[Pair]:
    """Both, so drawn that `others` make up `share` of the crops."""
    parts = ((pairs, 1 - share), (others, share))
    pixels = [sum(pair.low[0].size for pair in part) for part, _ in parts]
    return [replace(pair, chance=chance / total) for (part, chance), total in zip(parts, pixels) for pair in part if chance]
