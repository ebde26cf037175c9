"""Photographs as restoring networks learn from them and are measured on: folded 4:2:0 pictures, some of them as H.264 leaves them."""

from pathlib import Path

import numpy as np
from PIL import Image

from .compressed import RATES, compressed
from .pairs import LOSSY_TYPES
from .pictures import image_files
from .planar import MATRICES, Planes, folded, planes_of
from .restoration import Restorable

ALIGN = 8
SMALLEST = 160
"""The least side of a picture to learn from, in luma pixels."""


def training_pictures(folder: Path, sizes: tuple[float, ...], lossy_sizes: tuple[float, ...], share: float, seed: int, cache: Path | None = None) -> list[Restorable]:
    """All photographs below `folder` at every relative size, and the `share` of them as H.264 leaves them, too; half of these were noisy before
    unless `share` is 1, where nothing but the codec's harm is to be learnt.

    Matrices take turns. With a `cache`, what was made is read from there, or written there: encoding takes minutes.
    """
    wanted = repr((sizes, lossy_sizes, share, seed, [str(path.relative_to(folder)) for path in image_files(folder)]))
    if cache and cache.exists():
        with np.load(cache, allow_pickle=False) as held:
            if str(held["wanted"]) == wanted:
                return _unpacked(held["shapes"], held["values"])
    found, random = [], np.random.default_rng((seed, 1))
    for index, path in enumerate(image_files(folder)):
        with Image.open(path) as opened:
            original = opened.convert("RGB")
        matrix = list(MATRICES)[index % len(MATRICES)]
        for size in lossy_sizes if path.suffix.lower() in LOSSY_TYPES else sizes:
            image = original if size == 1 else original.resize(tuple(round(side * size) for side in original.size), Image.BICUBIC)
            if min(image.size) < SMALLEST:
                continue
            planes = planes_of(image, matrix)
            clean = folded(planes)
            found.append(Restorable(clean, clean))
            if random.random() < share:
                sigma = random.uniform(2, 20) * (random.random() < 0.5) * (share < 1)
                coded, same = compressed(planes, int(random.choice(RATES)), sigma, random)
                found.append(Restorable(folded(coded), folded(same)))
    if cache:
        _pack(found, wanted, cache)
    return found


def measured_pictures(folder: Path) -> list[Planes]:
    """All photographs below `folder` as BT.601 planes, their sides cut to multiples of 8."""
    found = []
    for path in image_files(folder):
        with Image.open(path) as opened:
            found.append(planes_of(opened.convert("RGB"), multiple=ALIGN))
    return found


def with_noise(planes: Planes, sigma: float, seed: int) -> Planes:
    """Gaussian noise of `sigma` levels on Y, U and V, rounded and cut off at 0 and 255; drawn by NumPy's default generator from `seed`, plane by plane."""
    random = np.random.default_rng(seed)
    return Planes(*(np.clip(np.rint(plane + sigma * random.standard_normal(plane.shape)), 0, 255).astype(np.uint8) for plane in planes.each()))


def _pack(pictures: list[Restorable], wanted: str, cache: Path) -> None:
    shapes = np.array([picture.clean.shape for picture in pictures])
    partial = cache.with_suffix(".partial.npz")
    np.savez(partial, wanted=wanted, shapes=shapes, values=np.concatenate([plane.ravel() for picture in pictures for plane in (picture.coded, picture.clean)]))
    partial.replace(cache)


def _unpacked(shapes: np.ndarray, values: np.ndarray) -> list[Restorable]:
    found, begin = [], 0
    for shape in shapes:
        taken = int(np.prod(shape))
        found.append(Restorable(*(values[begin + part * taken : begin + (part + 1) * taken].reshape(shape) for part in (0, 1))))
        begin += 2 * taken
    return found
