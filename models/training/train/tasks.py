"""The tasks that networks are trained for: what they learn from, and what a validation says. `TASKS` lists them by the recipe's word."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ..data import video_pairs
from ..data.batches import Photographs
from ..data.pairs import Pair, load_pairs, mixed, weighted
from ..data.pictures import SHRINKING
from ..data.restorable import training_pictures
from ..data.restoration import RestorationCrops
from ..measure.evaluate import gain_of
from ..measure.restoration import gains_of, given_qualities, probes
from ..measure.runtime import Session
from .recipe import Recipe
from .tensors import infer

Told = dict[str, float]
"""Fields of a line of the log."""


class Enlarging:
    """Learns from photographs and their reductions, and from compressed video if the recipe says so; a validation says the gain over bicubic."""

    def __init__(self, recipe: Recipe, data: Path, run: Path, cache: Path | None):
        self._recipe, self._data, self._cache = recipe, data, cache

    def crops(self, place: torch.device, teacher: Path | None) -> tuple[int, Photographs]:
        """The number of pictures, and their crops on a device; with a `teacher`, what it makes of them, too."""
        recipe, pairs = self._recipe, training_pairs(self._recipe, self._data, self._recipe.patch, self._cache)
        if teacher:
            session = Session(str(teacher))
            pairs = [replace(pair, teacher_output=session(pair.low)) for pair in pairs]
        return len(pairs), Photographs(pairs, recipe.scale, recipe.patch, recipe.batch, recipe.seed, recipe.intensities, recipe.frames, place)

    def validation(self) -> Callable[[torch.nn.Module], Told]:
        """A function from a network to what the log says of it."""
        found = validation_pairs(self._data, self._recipe.scale, self._recipe.channels, self._cache)
        return lambda network: told({name: gain_of(lambda plane: infer(network, plane), pairs, self._recipe.scale) for name, pairs in found.items()})


class Restoring:
    """Learns from degraded 4:2:0 pictures; a validation says the gains over what the network was given, at fixed strengths and seeds."""

    def __init__(self, recipe: Recipe, data: Path, run: Path, cache: Path | None):
        self._recipe, self._data, self._run = recipe, data, run

    def crops(self, place: torch.device, teacher: Path | None) -> tuple[int, RestorationCrops]:
        """The number of pictures, and their crops on a device. @raises SystemExit if there is a `teacher`: there are none for restoration."""
        recipe = self._recipe
        if teacher:
            raise SystemExit(f"--teacher: the task {recipe.task} learns from photographs alone. Leave it out.")
        share = recipe.compressed if recipe.task == "denoise" else 0.0
        pictures = training_pictures(self._data / "train", recipe.sizes, recipe.lossy_sizes or recipe.sizes, share, recipe.seed, self._run / "pictures.npz")
        return len(pictures), RestorationCrops(pictures, recipe.task, recipe.patch, recipe.batch, recipe.seed, place)

    def validation(self) -> Callable[[torch.nn.Module], Told]:
        """A function from a network to what the log says of it."""
        found = {name: probes(self._data / name, self._recipe.task) for name in ("val", "val2") if (self._data / name).is_dir()}
        sets = {name: (given, given_qualities(given)) for name, given in found.items()}

        def fields(network: torch.nn.Module) -> Told:
            gains = {name: gains_of(lambda picture: infer(network, picture), *given) for name, given in sets.items()}
            luma = told({name: gain.luma for name, gain in gains.items()})
            return {**luma, **{f"{name}_gain_uv_db": round(gain.chroma, 4) for name, gain in gains.items()}, **{f"{name}_gain_ssim": round(gain.ssim, 4) for name, gain in gains.items()}}

        return fields


TASKS = {"enlarge": Enlarging, "denoise": Restoring, "deblur": Restoring}


def validation_pairs(data: Path, scale: int, channels: int, cache: Path | None = None) -> dict[str, list[Pair]]:
    """The pictures to choose checkpoints by: those of val, of val2 where it is there, which comes from other sources than the photographs, and
    as "video" those of a `cache` of compressed video. At a scale of 1 only these have anything to restore; they are "val" then."""
    if scale == 1:
        return {"val": video_pairs.load(cache, scale, "val")} if cache else {}
    folders = [name for name in ("val", "val2") if (data / name).is_dir()]
    found = {name: load_pairs(data / name, scale, channels) for name in folders}
    return {**found, "video": video_pairs.load(cache, scale, "val")} if cache else found


def told(gains: dict[str, float]) -> Told:
    """The fields of the log for the gains on the validation sets; with two sets, `gain_db` is their mean, to choose by."""
    fields = {f"{name}_gain_db": round(gain, 4) for name, gain in gains.items()}
    return fields if len(gains) < 2 else {**fields, "gain_db": round(float(np.mean(list(gains.values()))), 4)}


def training_pairs(recipe: Recipe, data: Path, patch: int, cache: Path | None = None) -> list[Pair]:
    """Training pairs of a recipe, weighted if it says so; pictures smaller than `patch` pixels at low resolution are left out.

    With a share of `recipe.degraded`, those of the `cache` are among them.
    """
    pairs = load_pairs(data / "train", recipe.scale, recipe.channels, recipe.sizes, patch, recipe.lossy_sizes, SHRINKING[recipe.shrink])
    if cache:
        pairs = mixed(pairs, video_pairs.load(cache, recipe.scale, "train"), recipe.degraded)
    return weighted(pairs, recipe.scale, recipe.floor) if recipe.weigh else pairs
