"""The script that makes a shipped network again, from what its float model says about its training.

A model knows its own recipe whole. Of the runs it began from, newer models know the whole recipe, too; older ones know network, steps,
optimizer and rate. What they do not know is left at the defaults of `train`, and the script says so.
"""

import json
from dataclasses import fields
from pathlib import Path

import onnx

from ..networks.onnx_reader import facts_of
from ..train.recipe import Recipe
from ..train.settings import Settings

SCRIPTS = Path(__file__).resolve().parents[1] / "recipes"
STEPS = SCRIPTS / "steps.sh"
"""The shell functions that the scripts are written in."""
_NAMED = {"family", "scale"}


def script(model: Path) -> str:
    """The shell script for the float model `model`, run from the folder `models` with SRVID_DATA set: its steps, in the words of `STEPS`."""
    facts = facts_of(onnx.load(model))
    card, history = model.stem.removesuffix("-fp32"), json.loads(facts["history"])
    own = Recipe.of({**json.loads(facts["recipe"]), "steps": int(facts["step"])})
    start = next((line for line in history if "start_from" in line), {})
    averaged = next((line["averaged"] for line in history if "averaged" in line), 1)
    earlier = start.get("earlier", [])
    sources = json.loads(facts["data"])
    pictures = ", ".join(f"{source['source']} ({source['pictures']})" for source in sources)
    lines = ["#!/bin/sh", f"# Makes {card} again. Run from the folder models: sh training/recipes/{card}.sh FOLDER, with SRVID_DATA set."]
    lines.append(f"# It was trained on {sum(source['pictures'] for source in sources)} pictures, which train/ is to hold alone: {pictures}.")
    if any("recipe" not in run for run in earlier):
        lines.append("# Of the runs before the last, network, steps, optimizer and rate are known. All else is left at the defaults.")
    lines.append('. "${0%/*}/steps.sh"')
    for run in earlier:
        family, scale = run["network"].split(" x")
        known = {"optimizer": run["optimizer"], "steps": run["steps"], "peak_rate": run["peak_rate"], "family": family, "scale": int(scale)}
        recipe = Recipe.of(run["recipe"]) if "recipe" in run else Recipe(**known)
        lines += _steps(family if recipe.task != "enlarge" else f"{family}{'-video' if recipe.degraded and recipe.scale > 1 else ''}-x{scale}", recipe)
    of_start = next((line["of_start"] for line in history if "of_start" in line), 0)
    cache = _cache(own)
    last = f"mix {of_start:g}{cache}" if of_start else f"average {averaged}" if averaged > 1 else f"ship{cache}"
    lines += [*_steps(card, own), last]
    return "\n".join(lines) + "\n"


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


def _steps(network: str, recipe: Recipe) -> list[str]:
    step = " ".join(["train", network, *arguments(recipe)]) + _cache(recipe)
    return [f"compress {recipe.scale}", step] if recipe.degraded else [step]


def _cache(recipe: Recipe) -> str:
    return f' --cache "$RUNS/video-x{recipe.scale}"' if recipe.degraded else ""
