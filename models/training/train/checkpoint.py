"""The files of a training run: checkpoint.pt and log.jsonl."""

import json
from dataclasses import asdict
from pathlib import Path

import torch

from .recipe import Recipe, built


START = "start.pt"
"""The weights that a run began with, where these came from another network."""


def averaged_network(run: Path) -> tuple[Recipe, torch.nn.Module, int]:
    """The running average in a run's checkpoint, its recipe and the step it stands at."""
    state = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")
    recipe = Recipe.of(state["recipe"])
    network = built(recipe)
    network.load_state_dict(state["average"])
    return recipe, network.eval(), state["step"]


def recipe_of_run(run: Path) -> Recipe:
    """The recipe in a run's checkpoint."""
    return Recipe.of(torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")["recipe"])


def resume(path: Path, recipe: Recipe, network, average, optimizer) -> int:
    """Load the checkpoint at `path` into network, average and optimizer, and return its step; 0 if there is none. @raises SystemExit if another recipe made it."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True, map_location="cpu")
    if Recipe.of(state["recipe"]) != recipe:
        raise SystemExit(f"{path} was made by another recipe:\n  there {state['recipe']}\n  asked {asdict(recipe)}\nGive another --run folder.")
    network.load_state_dict(state["network"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"]


def save(path: Path, recipe: Recipe, step: int, network, average, optimizer) -> None:
    """Write recipe, step, weights, running average and optimizer state to `path`."""
    state = {"recipe": asdict(recipe), "step": step, "network": network.state_dict(), "average": average.state_dict()}
    write_atomically({**state, "optimizer": optimizer.state_dict()}, path)


def write_atomically(state: dict, path: Path) -> None:
    """Never leaves half a checkpoint under `path`'s name."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def log_line(run: Path, line: dict) -> None:
    """Print a line and append it to log.jsonl of `run`."""
    print(json.dumps(line), flush=True)
    with (run / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")
