"""The training loop: resumable, seeded, with a running average of the weights, validated as it goes.

Two stretches. First bfloat16 autocast on the family's own loss at a high rate; then float32 on mean squared error
(what PSNR measures) while the rate decays to nothing. The average of the weights (EMA) is what is validated and
exported.
"""

import copy
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from .carry import load_onnx_weights, revive
from .data import SHRINKING, Batch, Batches, Pair, load_pairs, weighed
from .evaluate import gain_of
from .families import FAMILIES
from .losses import LOSSES, luma_and_colour, mse
from .provenance import earlier_runs
from .runtime import Session, at_multiple
from .schedule import SCHEDULES
from .soap import Soap
from .stack import Stack

REVIVED_OVER = 8
"""Batches that a filter has to be dead in to be replaced, in a network that starts from another."""
OPTIMIZERS = {"soap": Soap, "adam": torch.optim.Adam}


@dataclass(frozen=True)
class Recipe:
    family: str
    scale: int
    channels: int = 1
    steps: int = 100_000
    optimizer: str = "soap"
    peak_rate: float = 5e-3
    batch: int = 16
    patch: int = 64
    schedule: str = "one-cycle"
    loss: str = "l1"
    mse_from: float = 0.4
    weigh: bool = True
    """Whether that squared error is weighed by picture (`data.weighed`)."""
    floor: float = 0.5
    """The least error, in levels (root mean square), that a picture counts as having there: calmer ones weigh no more."""
    luma: float = 0.0
    """Of a network on RGB, the share of the loss that is taken on luma (`losses.luma_and_colour`); the rest is on R, G and B."""
    distillation: float = 0.0
    """Share of the loss that is distance to a teacher's picture; the rest is distance to the photograph."""
    float32_from: float = 0.9
    expansion: int = 0
    ema: float = 0.999
    sizes: tuple[float, ...] = (1.0, 0.7, 0.5)
    lossy_sizes: tuple[float, ...] = (0.8, 0.6, 0.45)
    """The sizes for photographs that come in JPEG or WebP; with none, those of all."""
    shrink: str = "bicubic"
    """The filter that brings photographs to those sizes: "bicubic", or "lanczos", which leaves them sharper. What the network is to undo is
    bicubic either way."""
    hidden: tuple[int, ...] = ()
    """Of a family whose shape is free: the channels between its convolutions, the sides of the first and the last kernel, how far
    the picture is folded, and the channels of a trunk, which makes each of `hidden` a block; none, 0: the family's own."""
    first: int = 0
    last: int = 0
    fold: int = 0
    trunk: int = 0
    intensities: tuple[float, ...] = (1.0,)
    """What the light of a crop may be multiplied by; XLSR's are 1, 0.7, 0.5."""
    frames: float = 0.0
    """The share of crops that get a frame (`frames`)."""
    clip_inner: float = 0.0
    """Where ReLUs within the network are clipped, for deeper networks' ranges in int8; 0: nowhere."""
    output: str = "own"
    """The output in training: "clip" to 0..1, "linear", or the family's own."""
    seed: int = 1

    @staticmethod
    def of(stored: dict) -> "Recipe":
        """The recipe that a checkpoint holds; what older ones do not know of is as it was then."""
        known = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
        width, depth = known.pop("width", 0), known.pop("depth", 0)
        if width or depth:
            known["hidden"] = (width or 32,) * ((depth or 4) + 1)
        return Recipe(**{"optimizer": "adam", "lossy_sizes": (), **known})


def built(recipe: Recipe) -> torch.nn.Module:
    """The network that a recipe describes, new."""
    output = {} if recipe.output == "own" else {"output": recipe.output}
    shape = {name: value for name in ("hidden", "first", "last", "fold", "trunk") if (value := getattr(recipe, name))}
    if shape and recipe.family != Stack.family:
        raise SystemExit(f"{recipe.family} has its own shape; {', '.join(shape)} can be chosen for the family {Stack.family} only.")
    return FAMILIES[recipe.family](recipe.scale, recipe.channels, expansion=recipe.expansion, clip_inner=recipe.clip_inner, **output, **shape)


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
    first = _resume(run / "checkpoint.pt", recipe, network, average, optimizer)
    pairs = training_pairs(recipe, data, recipe.patch)
    if teacher:
        session = Session(str(teacher))
        pairs = [replace(pair, taught=session(pair.low)) for pair in pairs]
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
            _save(run / "checkpoint.pt", recipe, step + 1, network, average, optimizer)
            since, running = time.monotonic(), []


def training_pairs(recipe: Recipe, data: Path, patch: int) -> list[Pair]:
    """What a recipe learns from, weighed if it says so; pictures smaller than `patch` are left out."""
    pairs = load_pairs(data / "train", recipe.scale, recipe.channels, recipe.sizes, patch, recipe.lossy_sizes, SHRINKING[recipe.shrink])
    return weighed(pairs, recipe.scale, recipe.floor) if recipe.weigh else pairs


def averaged_network(run: Path) -> tuple[Recipe, torch.nn.Module, int]:
    """The running average in a run's checkpoint, its recipe and the step it stands at."""
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    recipe = Recipe.of(state["recipe"])
    network = built(recipe)
    network.load_state_dict(state["average"])
    return recipe, network.eval(), state["step"]


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
    if batch.taught is not None:
        loss = (1 - recipe.distillation) * loss + recipe.distillation * distance(batch.taught)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.item()


def normal(planes: np.ndarray) -> torch.Tensor:
    """uint8 to float32 in 0..1."""
    return torch.from_numpy(planes).float().div_(255)


@torch.no_grad()
def update_average(average: torch.nn.Module, network: torch.nn.Module, decay: float) -> None:
    """Move every weight of `average` the share 1 - `decay` of the way to `network`'s."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)


@torch.no_grad()
def infer(network: torch.nn.Module, plane: np.ndarray) -> np.ndarray:
    """uint8 [c, h, w] to uint8 [c, h*scale, w*scale]."""
    def enlarged(padded: np.ndarray) -> np.ndarray:
        output = network(torch.from_numpy(np.ascontiguousarray(padded)).float().div(255)[None])[0]
        return output.mul(255).round().clamp(0, 255).numpy().astype(np.uint8)

    return at_multiple(plane, network.align, enlarged)


def log_line(run: Path, line: dict) -> None:
    print(json.dumps(line), flush=True)
    with (run / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")


def _save(path: Path, recipe: Recipe, step: int, network, average, optimizer) -> None:
    state = {"recipe": asdict(recipe), "step": step, "network": network.state_dict(), "average": average.state_dict()}
    save_whole({**state, "optimizer": optimizer.state_dict()}, path)


def save_whole(state: dict, path: Path) -> None:
    """Never leaves half a checkpoint under `path`'s name."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def _resume(path: Path, recipe: Recipe, network, average, optimizer) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    if Recipe.of(state["recipe"]) != recipe:
        raise SystemExit(f"{path} was made by another recipe:\n  there {state['recipe']}\n  asked {asdict(recipe)}\nGive another --run folder.")
    network.load_state_dict(state["network"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"]
