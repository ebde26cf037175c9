"""Runs that began from one another, averaged: a network between them is often better than each (Wortsman et al. 2022, "Model soups",
arXiv 2203.05482), as none of them has drifted to where the way between is worse.

A run and the network that it began from are mixed in the same way (Wortsman et al. 2021, "Robust fine-tuning of zero-shot models", arXiv 2109.01903): the
mixture keeps most of what the run has learnt, and loses little of what the start could do better.
"""

import json
from pathlib import Path

import torch

from .checkpoint import START, averaged_network, write_atomically
from .history import history
from .recipe import built


@torch.no_grad()
def average(runs: list[Path], into: Path, start: float = 0.0) -> None:
    """Writes run folder `into`: the mean of the running averages of `runs`, which are of one shape, with the recipe and the log of the last.

    `start` is the share that the network which the last run began from has in the result.
    """
    if not 0 <= start < 1:
        raise SystemExit(f"--start {start:g} is not a share below 1. Give 0 to 0.9.")
    if start and not (runs[-1] / START).exists():
        raise SystemExit(f"{runs[-1]} holds no {START}: it did not begin from another network, or an older trainer began it. Leave --start out.")
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
    mean, networks = built(recipe), [network for _, network, _ in found]
    shares = [(1 - start) / len(networks)] * len(networks)
    if start:
        networks.append(built(recipe))
        networks[-1].load_state_dict(torch.load(runs[-1] / START, weights_only=True))
        shares.append(start)
    for target, *convs in zip(mean.convs, *(network.convs for network in networks)):
        target.load_merged(*(sum(share * part for share, part in zip(shares, parts)) for parts in ([conv.kernel() for conv in convs], [conv.bias for conv in convs])))
    into.mkdir(parents=True)
    write_atomically({"recipe": torch.load(runs[-1] / "checkpoint.pt", weights_only=True)["recipe"], "step": step, "average": mean.state_dict()}, into / "checkpoint.pt")
    *before, last = history(runs[-1])
    lines = [*before, {**last, **({"averaged": len(runs)} if len(runs) > 1 else {}), **({"of_start": start} if start else {})}]
    (into / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
