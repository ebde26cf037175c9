"""Runs that began from one another, averaged: a network between them is often better than each (Wortsman et al. 2022, "Model soups",
arXiv 2203.05482), as none of them has drifted to where the way between is worse."""

import json
from pathlib import Path

import torch

from .checkpoint import averaged_network, write_atomically
from .history import history
from .recipe import built


@torch.no_grad()
def average(runs: list[Path], into: Path) -> None:
    """Writes run folder `into`: the mean of the running averages of `runs`, which are of one shape, with the recipe and the log of the last."""
    if into.exists():
        raise SystemExit(f"{into} is there already. Give --run a new folder.")
    for run in runs:
        if not (run / "checkpoint.pt").exists():
            raise SystemExit(f"{run} holds no checkpoint.pt. Give folders that `train` has written.")
    found = [averaged_network(run) for run in runs]
    recipe, _, step = found[-1]
    shapes = [[conv.kernel().shape for conv in network.convs] for _, network, _ in found]
    if any((other.family, other.scale, other.channels) != (recipe.family, recipe.scale, recipe.channels) for other, _, _ in found) or any(shape != shapes[-1] for shape in shapes):
        raise SystemExit(f"{', '.join(run.name for run in runs)} are not of one shape. Give runs of one family and scale that began from one another.")
    mean = built(recipe)
    for target, *convs in zip(mean.convs, *(network.convs for _, network, _ in found)):
        target.load_merged(sum(conv.kernel() for conv in convs) / len(convs), sum(conv.bias for conv in convs) / len(convs))
    into.mkdir(parents=True)
    write_atomically({"recipe": torch.load(runs[-1] / "checkpoint.pt", weights_only=True)["recipe"], "step": step, "average": mean.state_dict()}, into / "checkpoint.pt")
    *before, last = history(runs[-1])
    lines = [*before, {**last, "averaged": len(runs)}]
    (into / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
