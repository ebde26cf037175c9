"""Studies: networks trained alike but for one thing, each measured the same way, as rows of a table for docs/.

Runs lie below the folder given and go on where they stopped; a study that was run is only measured again.
"""

from dataclasses import dataclass
from pathlib import Path

from ..data.pairs import load_pairs
from ..measure.evaluate import baselines, score
from ..measure.runtime import Session
from ..networks.graph import float_model
from ..quantise.calibrate import calibration_crops
from ..quantise.fidelity import compare
from ..quantise.ptq import post_training
from ..train.checkpoint import averaged_network
from ..train.loop import train
from ..train.recipe import Recipe

Rows = list[list[str]]
"""A table, its head first."""
MEASURED = ["float, val", "float, Kodak", "int8 loses, val", "luma shift"]
"""Columns of `measured`: dB of Y-PSNR over bicubic, dB of int8 under float, levels of 0..255."""


@dataclass(frozen=True)
class Trained:
    """A run's network at its last step, with what a float model of it is to say."""

    recipe: Recipe
    network: object
    facts: dict[str, str]


def trained(recipe: Recipe, data: Path, run: Path, teacher: Path | None = None) -> Trained:
    """Train `recipe` in folder `run`, or take what is there."""
    train(recipe, data, run, teacher=teacher, validate_every=recipe.steps)
    _, network, step = averaged_network(run)
    return Trained(recipe, network, {"family": recipe.family, "scale": str(recipe.scale), "channels": str(recipe.channels), "step": str(step)})


def measured(found: Trained, data: Path) -> list[str]:
    """The columns MEASURED of a trained network; int8 is plain post-training quantisation by min-max over 100 crops."""
    recipe = found.recipe
    sets = [load_pairs(folder, recipe.scale, recipe.channels, minimum=1) for folder in (data / "val", data / "eval" / "kodak")]
    floats = float_model(found.network, found.facts)
    gains = [score(Session(floats), pairs, recipe.scale).psnr - baselines(pairs, recipe.scale)["bicubic"].psnr for pairs in sets]
    crops = calibration_crops(data / "train", recipe.scale, recipe.channels)
    comparison = compare(floats, post_training(found.network, found.facts, crops), sets[0], recipe.scale)
    return [*(f"{gain:+.3f}" for gain in gains), f"{comparison.loss:.3f}", f"{comparison.shift:+.2f}"]


def markdown(rows: Rows) -> str:
    """The rows as a Markdown table."""
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])
