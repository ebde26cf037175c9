"""A small run for the tests of steps: its recipe, its pictures and its network."""

import numpy as np
import torch

from ..data.batches import Photographs
from ..data.pairs import Pair, weighted
from ..train.recipe import Recipe, built
from . import fixtures

RECIPE = Recipe("best", 3, steps=12, peak_rate=1e-2, batch=6, patch=12, frames=0.3, expansion=0, mse_from=0.5, float32_from=0.0)


def photographs(recipe: Recipe, device: str = "cpu", channels: int = 1) -> Photographs:
    """Two pictures whose every pixel can be told from the others around it."""
    pairs = []
    for seed, (height, width) in enumerate(((30, 41), (25, 52))):
        high = fixtures.picture(channels, height * recipe.scale, width * recipe.scale, seed)
        pairs.append(Pair(np.ascontiguousarray(high[:, 1 :: recipe.scale, 1 :: recipe.scale]), high))
    return Photographs(weighted(pairs, recipe.scale, 0.5), recipe.scale, recipe.patch, recipe.batch, recipe.seed, recipe.intensities, recipe.frames, device)


def built_again(recipe: Recipe) -> torch.nn.Module:
    """The network that the seed of the tests begins with."""
    torch.manual_seed(1)
    return built(recipe)
