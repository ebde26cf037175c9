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

import torch

from ..data import video_pairs
from ..networks.families import FAMILIES
from .checkpoint import START, log_line, resume, save, write_atomically
from .dead_filters import revive
from .device import device_of
from .history import earlier_runs
from .recipe import FROM_VIDEO, OPTIMIZERS, Recipe, built
from .step import Step
from .tasks import TASKS
from .warm_start import load_onnx_weights

REVIVED_OVER = 8
"""Batches that a filter has to be dead in to be replaced, in a network that starts from another."""


def train(recipe: Recipe, data: Path, run: Path, start_from: Path | None = None, teacher: Path | None = None, device: str = "cpu", validate_every: int = 2500, cache: Path | None = None) -> None:
    """Train to `recipe.steps`, writing checkpoint.pt and log.jsonl below `run`; continues from a checkpoint found there.

    `teacher` is a model of the same scale and planes, for recipes with distillation. `device` is one of `device.DEVICES`; a run may change
    it from one start to the next, and sees the same crops on each. `cache` holds the compressed video for recipes with a share of it.
    """
    place = device_of(device)
    if (teacher is None) != (recipe.distillation == 0):
        raise SystemExit("Distillation needs both a --teacher and its share of the loss, --distillation; one of them was given alone.")
    if (cache is None) != (recipe.degraded == 0):
        raise SystemExit("Compressed video needs both its folder, --cache, and its share of the crops, --degraded; one of them was given alone.")
    if cache:
        video = video_pairs.settings(cache)
        recipe = replace(recipe, **{name: getattr(video, name) for name in FROM_VIDEO}) if video else recipe
    if recipe.degraded and (recipe.task != "enlarge" or recipe.channels != 1):
        raise SystemExit(f"--degraded {recipe.degraded:g}: compressed video is there for networks that enlarge luma. Leave it out.")
    if not 0 <= recipe.degraded <= 1:
        raise SystemExit(f"--degraded {recipe.degraded:g} is not a share of the crops. Give 0 to 1.")
    if not 0 <= recipe.frames <= 1:
        raise SystemExit(f"--frames {recipe.frames:g} is not a share of the crops. Give 0 to 1.")
    if recipe.distillation and recipe.frames:
        raise SystemExit(f"--frames {recipe.frames:g} makes pictures that the teacher has not seen. Leave it out, or --distillation.")
    if recipe.weigh and recipe.floor <= 0:
        raise SystemExit(f"--floor {recipe.floor:g}: a picture that bicubic restores without error would weigh without end. Give a floor above 0.")
    if (recipe.task == "enlarge") == getattr(FAMILIES[recipe.family], "restores", False):
        raise SystemExit(f"--task {recipe.task}: {recipe.family} is a network for {'denoise or deblur' if recipe.task == 'enlarge' else 'enlarge'}. Give another family or task.")
    if recipe.scale == 1 and recipe.task == "enlarge" and not recipe.degraded:
        raise SystemExit("--scale 1: a clean picture of the same size leaves nothing to learn. Give compressed video: --cache and --degraded.")
    if recipe.luma and recipe.channels != 3:
        raise SystemExit(f"--luma {recipe.luma:g} is a share for networks on RGB; with --channels {recipe.channels} all of the loss is on luma. Leave it out.")
    torch.manual_seed(recipe.seed)
    run.mkdir(parents=True, exist_ok=True)
    network = built(recipe)
    if start_from:
        carried = load_onnx_weights(network, start_from)
        print(f"{carried} of {len(network.published)} convolutions carried over from {start_from.name}", flush=True)
    task = TASKS[recipe.task](recipe, data, run, cache)
    count, photographs = task.crops(place, teacher)
    begun = (run / "checkpoint.pt").exists()
    if start_from and not begun:
        revived = revive(network, [crop for step in range(REVIVED_OVER) for crop in photographs.at(step).low.cpu().numpy()])
        write_atomically(network.state_dict(), run / START)
    network = network.to(place)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    optimizer = OPTIMIZERS[recipe.optimizer](network.parameters(), lr=0.0)
    first = resume(run / "checkpoint.pt", recipe, network, average, optimizer)
    validation = task.validation()
    take = Step(recipe, network, average, optimizer, photographs)
    if start_from and not begun:
        log_line(run, {"step": 0, "device": place.type, "start_from": start_from.name, "carried": carried, "revived": revived, "earlier": earlier_runs(start_from)})
    elif not begun:
        log_line(run, {"step": 0, "device": place.type})
    print(f"{count} pictures on {place.type}, from step {first} of {recipe.steps}, {json.dumps(asdict(recipe))}", flush=True)

    since, taken, total = time.monotonic(), 0, torch.zeros((), device=place)
    for step in range(first, recipe.steps):
        total += take(step)
        taken += 1
        if (step + 1) % validate_every == 0 or step + 1 == recipe.steps:
            loss = total.item() / taken
            milliseconds = (time.monotonic() - since) * 1000 / taken
            log_line(run, {"step": step + 1, "loss": loss, **validation(average), "ms": round(milliseconds, 2)})
            save(run / "checkpoint.pt", recipe, step + 1, network, average, optimizer)
            since, taken = time.monotonic(), 0
            total.zero_()

