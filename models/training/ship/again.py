"""The script that makes a shipped network again, from what its float model says about its training.

A model knows its own recipe whole. Where the runs it began from are those of another shipped network, its script begins with that
network's script. Of other runs, newer models know the whole recipe, too; older ones know network, steps, optimizer and rate. What they
do not know is left at the defaults of `train`, and the script says so.
"""

import json
from dataclasses import fields
from pathlib import Path

import onnx

from ..networks.onnx_reader import facts_of
from ..train.history import earlier_runs
from ..train.recipe import FROM_VIDEO, Recipe, content_of
from ..train.settings import Settings
from .card import names

SCRIPTS = Path(__file__).resolve().parents[1] / "recipes"
STEPS = SCRIPTS / "steps.sh"
"""The shell functions that the scripts are written in."""
_NAMED = {"family", "scale", *FROM_VIDEO}


def script(card: str, models: Path) -> str:
    """The shell script for the network `card` in the folder `models`, run from there with SRVID_DATA set: its steps, in the words of `STEPS`."""
    facts = facts_of(onnx.load(_float_model(models, card)))
    history = json.loads(facts["history"])
    own = Recipe.of({**json.loads(facts["recipe"]), "steps": int(facts["step"])})
    averaged = next((line["averaged"] for line in history if "averaged" in line), 1)
    *earlier, _ = earlier_runs(_float_model(models, card))
    ancestor, begun = _ancestor(earlier, models)
    sources = json.loads(facts["data"])
    pictures = ", ".join(f"{source['source']} ({source['pictures']})" for source in sources)
    lines = ["#!/bin/sh", f"# Makes {card} again. Run from the folder models: sh training/recipes/{card}.sh FOLDER, with SRVID_DATA set."]
    lines.append(f"# It was trained on {sum(source['pictures'] for source in sources)} pictures, which train/ is to hold alone: {pictures}.")
    if ancestor:
        lines.append(f"# It began from {ancestor}, which is made first.")
    if any("recipe" not in run for run in earlier[begun:]):
        lines.append("# Of the runs before the last, network, steps, optimizer and rate are known. All else is left at the defaults.")
    if earlier[begun:]:
        lines.append("# Whether what such a run began from was a mean or a mixture of runs is not known.")
    lines.append(f'. "${{0%/*}}/{ancestor or STEPS.stem}.sh"')
    for run in earlier[begun:]:
        family, scale = run["network"].split(" x")
        known = {"optimizer": run["optimizer"], "steps": run["steps"], "peak_rate": run["peak_rate"], "family": family, "scale": int(scale)}
        recipe = Recipe.of(run["recipe"]) if "recipe" in run else Recipe(**known)
        ending = f"-{content}" if (content := content_of(recipe)) else ""
        lines.append(_step(family if recipe.task != "enlarge" else f"{family}{ending}-x{scale}", recipe))
    of_start = next((line["of_start"] for line in history if "of_start" in line), 0)
    cache = _cache(own)
    last = f"mix {of_start:g}{cache}" if of_start else f"average {averaged}" if averaged > 1 else f"ship{cache}"
    lines += [_step(card, own), last]
    return "\n".join(lines) + "\n"


def _ancestor(earlier: list[dict], models: Path) -> tuple[str | None, int]:
    """The network of `models` whose runs are the most of those that `earlier` begins with, and their number. Runs are alike if their gains are."""
    known = {card: _told(earlier_runs(_float_model(models, card))) for card in names(models)}
    begun = {card: len(runs) for card, runs in known.items() if runs and _told(earlier[: len(runs)]) == runs}
    return max(begun.items(), key=lambda item: item[1], default=(None, 0))


def _told(runs: list[dict]) -> list[tuple[str, list]]:
    return [(run["network"], run["gains"]) for run in runs]


def _float_model(models: Path, card: str) -> Path:
    return models / f"{card}-fp32.onnx"


def arguments(recipe: Recipe) -> list[str]:
    """The options of `train` that make `recipe`: those that are not the defaults, its own before those of every training."""
    given = []
    shared = {field.name for field in fields(Settings)}
    for field in sorted(fields(Recipe), key=lambda field: field.name in shared):
        value, option = getattr(recipe, field.name), field.name.replace("_", "-")
        if field.name in _NAMED or value == field.default:
            continue
        if field.type is bool:
            given.append(f"--{option}" if value else f"--no-{option}")
        else:
            given.append(f"--{option} {','.join(f'{one:g}' for one in value) if isinstance(value, tuple) else f'{value:g}' if isinstance(value, float) else value}")
    return given


def _step(network: str, recipe: Recipe) -> str:
    how = "coarse" if recipe.coarse else recipe.centre
    return " ".join([f"video {recipe.soft:g} {recipe.softest:g} {how}" if recipe.degraded else "train", network, *arguments(recipe)])


def _cache(recipe: Recipe) -> str:
    return f' --cache "$VIDEO"' if recipe.degraded else ""
