"""The training loop: resumable, seeded, with a running average of the weights, validated as it goes.

Two stretches. First bfloat16 autocast on the family's own loss at a high rate; then float32 on mean squared error
(what PSNR measures) while the rate decays to nothing. The average of the weights (EMA) is what is validated and
exported.
"""

import copy
import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from ..data.batches import Batch, Batches
from ..data.pairs import Pair, load_pairs, weighted
from ..data.pictures import SHRINKING
from ..measure.evaluate import gain_of
from ..measure.runtime import Session
from .checkpoint import log_line, resume, save
from .dead_filters import revive
from .history import earlier_runs
from .losses import LOSSES, luma_and_colour, mse
from .recipe import OPTIMIZERS, Recipe, built
from .schedule import SCHEDULES
from .tensors import infer, normal
from .warm_start import load_onnx_weights

REVIVED_OVER = 8
"""Batches that a filter has to be dead in to be replaced, in a network that starts from another."""


def train(recipe: Recipe, data: Path, run: Path, start_from: Path | None = None, teacher: Path | None = None, validate_every: int = 2500) -> None:
    """Train to `recipe.steps`, writing checkpoint.pt and log.jsonl below `run`; continues from a checkpoint found there.

    `teacher` is a model of the same scale and planes, for recipes with distillation.
    """
    if (teacher is None) != (recipe.distillation == 0):
        raise SystemExit("Distillation needs both a --teacher and its share of the loss, --distillation; one of them was given alone.")
    if not 0 <= recipe.frames <= 1:
        raise SystemExit(f"--frames {recipe.frames:g} is not a share of the crops. Give 0 to 1.")
    if recipe.distillation and recipe.frames:
        raise SystemExit(f"--frames {recipe.frames:g} makes pictures that the teacher has not seen. Leave it out, or --distillation.")
    if recipe.weigh and recipe.floor <= 0:
        raise SystemExit(f"--floor {recipe.floor:g}: a picture that bicubic restores without error would weigh without end. Give a floor above 0.")
    if recipe.luma and recipe.channels != 3:
        raise SystemExit(f"--luma {recipe.luma:g} is a share for networks on RGB; with --channels {recipe.channels} all of the loss is on luma. Leave it out.")
    torch.manual_seed(recipe.seed)
    run.mkdir(parents=True, exist_ok=True)
    network = built(recipe)
    if start_from:
        carried = load_onnx_weights(network, start_from)
        print(f"{carried} of {len(network.published)} convolutions carried over from {start_from.name}", flush=True)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    optimizer = OPTIMIZERS[recipe.optimizer](network.parameters(), lr=0.0)
    first = resume(run / "checkpoint.pt", recipe, network, average, optimizer)
    pairs = training_pairs(recipe, data, recipe.patch)
    if teacher:
        session = Session(str(teacher))
        pairs = [replace(pair, teacher_output=session(pair.low)) for pair in pairs]
    validation = load_pairs(data / "val", recipe.scale, recipe.channels)
    batches = Batches(pairs, recipe.scale, recipe.patch, recipe.batch, seed=recipe.seed * 1_000_003 + first, intensities=recipe.intensities, frames=recipe.frames)
    if start_from and first == 0:
        revived = revive(network, [crop for _ in range(REVIVED_OVER) for crop in next(batches).low])
        average.load_state_dict(network.state_dict())
        log_line(run, {"step": 0, "start_from": start_from.name, "carried": carried, "revived": revived, "earlier": earlier_runs(start_from)})
    print(f"{len(pairs)} pictures, from step {first} of {recipe.steps}, {json.dumps(asdict(recipe))}", flush=True)

    since, running = time.monotonic(), []
    for step in range(first, recipe.steps):
        running.append(_step(recipe, step, network, optimizer, next(batches)))
        update_average(average, network, min(recipe.ema, (step + 1) / (step + 10)))
        if (step + 1) % validate_every == 0 or step + 1 == recipe.steps:
            gain = gain_of(lambda plane: infer(average, plane), validation, recipe.scale)
            milliseconds = (time.monotonic() - since) * 1000 / len(running)
            line = {"step": step + 1, "loss": float(np.mean(running)), "val_gain_db": round(gain, 4), "ms": round(milliseconds, 1)}
            log_line(run, line)
            save(run / "checkpoint.pt", recipe, step + 1, network, average, optimizer)
            since, running = time.monotonic(), []


def training_pairs(recipe: Recipe, data: Path, patch: int) -> list[Pair]:
    """Training pairs of a recipe, weighted if it says so; pictures smaller than `patch` pixels at low resolution are left out."""
    pairs = load_pairs(data / "train", recipe.scale, recipe.channels, recipe.sizes, patch, recipe.lossy_sizes, SHRINKING[recipe.shrink])
    return weighted(pairs, recipe.scale, recipe.floor) if recipe.weigh else pairs


def _step(recipe: Recipe, step: int, network, optimizer, batch: Batch) -> float:
    for group in optimizer.param_groups:
        group["lr"] = SCHEDULES[recipe.schedule](step, recipe.steps, recipe.peak_rate)
    position = step / recipe.steps
    with torch.autocast("cpu", torch.bfloat16, enabled=position < recipe.float32_from):
        output = network(normal(batch.low))
    weights = torch.from_numpy(batch.weights)

    def of_pictures(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return mse(output, target, weights) if position >= recipe.mse_from else LOSSES[recipe.loss](output, target)

    of_colours = luma_and_colour(of_pictures, recipe.luma) if recipe.luma else of_pictures

    def distance(target: np.ndarray) -> torch.Tensor:
        return of_colours(output, normal(target))

    loss = distance(batch.high)
    if batch.teacher_output is not None:
        loss = (1 - recipe.distillation) * loss + recipe.distillation * distance(batch.teacher_output)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def update_average(average: torch.nn.Module, network: torch.nn.Module, decay: float) -> None:
    """Move every weight of `average` the share 1 - `decay` of the way to `network`'s."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
