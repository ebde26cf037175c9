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

SCRIPTS = Path(__file__).resolve().parents[1] / "recipes"
_NAMED = {"family", "scale"}


def script(model: Path) -> str:
    """The shell script for the float model `model`, run from the folder `models` with SRVID_DATA set."""
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
    lines += ["set -eu", 'RUNS="${1:?a folder for the runs}"']
    names: list[str] = []
    for index, run in enumerate(earlier, 1):
        family, scale = run["network"].split(" x")
        known = {"optimizer": run["optimizer"], "steps": run["steps"], "peak_rate": run["peak_rate"], "family": family, "scale": int(scale)}
        recipe = Recipe.of(run["recipe"]) if "recipe" in run else Recipe(**known)
        names.append(f"{index}-{family}{'' if recipe.task != 'enlarge' else f'-x{scale}'}")
        # Of those to be averaged, all but the last are runs as they are.
        lines += _run(recipe, names, exported=True)
    names.append(f"{len(earlier) + 1}-{card}")
    lines += _run(own, names, exported=averaged == 1)
    if averaged > 1:
        runs = " ".join(f'"$RUNS/{name}"' for name in names[-averaged:])
        lines += [f'"${{PYTHON:-python}}" -m training average {runs} --run "$RUNS/mean"', '"${PYTHON:-python}" -m training export --run "$RUNS/mean" --out "$RUNS/models"']
    return "\n".join(lines) + "\n"


def arguments(recipe: Recipe) -> list[str]:
    """The options of `train` that make `recipe`: those that are not the defaults."""
    given = []
    for field in fields(Recipe):
        value, option = getattr(recipe, field.name), field.name.replace("_", "-")
        if field.name in _NAMED or value == field.default:
            continue
        if field.type is bool:
            given.append(f"--{option}" if value else f"--no-{option}")
        else:
            given.append(f"--{option} {','.join(f'{one:g}' for one in value) if isinstance(value, tuple) else f'{value:g}' if isinstance(value, float) else value}")
    return given


def _run(recipe: Recipe, names: list[str], exported: bool) -> list[str]:
    name = names[-1]
    start = f' --from "$RUNS/models-{names[-2]}/{names[-2].split("-", 1)[1]}-fp32.onnx"' if len(names) > 1 else ""
    lines = [f'"${{PYTHON:-python}}" -m training train {recipe.family} --scale {recipe.scale} --run "$RUNS/{name}"{start} {" ".join(arguments(recipe))}'.rstrip()]
    if exported:
        lines.append(f'"${{PYTHON:-python}}" -m training export --run "$RUNS/{name}" --out "$RUNS/models-{name}"')
    return lines
