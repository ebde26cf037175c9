"""Runs that began from one another, averaged: a network between them is often better than each (Wortsman et al. 2022, "Model soups",
arXiv 2203.05482), as none of them has drifted to where the way between is worse."""

import json
from pathlib import Path

import torch

from .provenance import history
from .train import averaged_network, built, save_whole


@torch.no_grad()
def average(runs: list[Path], into: Path) -> None:
    """Writes run folder `into`: the mean of the running averages of `runs`, which are of one shape, with the recipe and the log of the last."""
    found = [averaged_network(run) for run in runs]
    recipe, last, step = found[-1]
    shapes = [[conv.kernel().shape for conv in network.convs] for _, network, _ in found]
    if any((other.family, other.scale, other.channels) != (recipe.family, recipe.scale, recipe.channels) for other, _, _ in found) or any(shape != shapes[-1] for shape in shapes):
        raise SystemExit(f"{', '.join(run.name for run in runs)} are not of one shape. Give runs of one family and scale that began from one another.")
    mean = built(recipe)
    for target, *convs in zip(mean.convs, *(network.convs for _, network, _ in found)):
        target.load_merged(sum(conv.kernel() for conv in convs) / len(convs), sum(conv.bias for conv in convs) / len(convs))
    into.mkdir(parents=True)
    save_whole({"recipe": torch.load(runs[-1] / "checkpoint.pt", weights_only=True)["recipe"], "step": step, "average": mean.state_dict()}, into / "checkpoint.pt")
    lines = [{**line, "averaged": len(runs)} if "start_from" in line else line for line in history(runs[-1])]
    (into / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
