"""Training of PCSR, in two stages: backbone and heavy head; then, those frozen, light head and classifier.

The second stage mixes the heads' residuals by the classifier's probabilities. Its loss is that of the mixture, and that of a mean share
of heavy pixels which is not a half: so the light head learns what is easy, and the classifier what is not.
"""

import copy
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from ..data.any_scale import LEAST, MOST, AnyScale, AnyScaleBatch, load_luma
from ..measure.cpu import computes_bfloat16
from ..networks.onnx_reader import facts_of
from ..networks.pcsr import Pcsr, Shape
from ..networks.pcsr_reader import BACKBONE, load_bundle
from .checkpoint import log_line, write_atomically
from .grids import grid
from .pcsr_validation import Validation
from .schedule import learning_rate
from .settings import Settings, as_fields
from .soap import Soap
from .step import update_average

RECONSTRUCTION, BALANCE = 1000.0, 3.0
"""Weights of the mixture's absolute error and of the share of heavy pixels, as the paper's configuration has them."""
STAGES = ("heavy", "light")


@dataclass(frozen=True, kw_only=True)
class PcsrRecipe(Settings):
    """Settings of a run; `steps`, `peak_rate` and `mse_from` are the first stage's, `light_steps` and `light_rate` the second's.

    `patch` is the side of a crop at low resolution; of each crop, `samples` rows and as many columns are enlarged.
    """

    steps: int = 20_000
    peak_rate: float = 4e-3
    mse_from: float = 0.3
    light_steps: int = 4_000
    light_rate: float = 3e-3
    patch: int = 48
    samples: int = 64
    floor: float = 4.0
    frames: float = 0.1
    body: tuple[int, ...] = (32, 32, 32, 32)
    light: tuple[int, ...] = (16,)
    heavy: tuple[int, ...] = (64, 64, 64)

    @staticmethod
    def of(stored: dict) -> "PcsrRecipe":
        """The recipe that a checkpoint holds."""
        return PcsrRecipe(**as_fields(stored))

    @property
    def shape(self) -> Shape:
        """The network's."""
        return Shape(body=self.body, light=self.light, heavy=self.heavy)


def train_pcsr(recipe: PcsrRecipe, data: Path, run: Path, start_from: Path | None = None, base: Path | None = None, validate_every: int = 2000) -> None:
    """Train both stages, writing checkpoint.pt and log.jsonl below `run`; continues from a checkpoint found there.

    `start_from` is the shipped backbone, whose bundle is gone on from, deepened where `body` is longer than its backbone; or a float model of this trainer whose first convolutions fit the backbone's. `base` is another run that this one begins from;
    with no `steps`, the second stage alone is trained, and its light head may be of another shape.
    """
    path = run / "checkpoint.pt"
    state = torch.load(path, weights_only=True) if path.exists() else {"stage": STAGES[0], "step": 0}
    if "recipe" in state and PcsrRecipe.of(state["recipe"]) != recipe:
        raise SystemExit(f"{path} was made by another recipe:\n  there {state['recipe']}\n  asked {asdict(recipe)}\nGive another --run folder.")
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    network = Pcsr(recipe.shape)
    whole = start_from is not None and start_from.name == BACKBONE
    if whole:
        load_bundle(network, start_from)
    elif start_from:
        carry_over(network, start_from)
    if base:
        begin_from(network, base)
    least = round(recipe.patch * MOST)
    pictures = load_luma(data / "train", recipe.sizes, recipe.lossy_sizes, least)
    if not pictures:
        raise SystemExit(f"No photograph in {data / 'train'} is {least} pixels a side at the sizes asked for, which x{MOST:g} needs. Give larger ones, or a smaller --patch.")
    crops = AnyScale(pictures, recipe.patch, recipe.samples, recipe.batch, recipe.frames, recipe.floor, recipe.seed)
    validation = Validation(data)
    if start_from and not whole:
        bring_to_unit(network, crops.at(0).low)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    if "network" in state:
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
    else:
        earlier = earlier_stages(start_from) if whole else []
        log_line(run, {"step": 0, "pictures": len(pictures), "start_from": start_from.name if start_from else None, "base": base.name if base else None, "earlier": earlier})
    print(f"{len(pictures)} pictures, {state['stage']} from step {state['step']}, {json.dumps(asdict(recipe))}", flush=True)
    for stage in STAGES[STAGES.index(state["stage"]) :]:
        _train_stage(stage, recipe, crops, network, average, run, validation, state if stage == state["stage"] else {"step": 0}, validate_every)


def earlier_stages(backbone: Path) -> list[dict]:
    """The runs behind a shipped bundle, oldest first: what each started from, and its recipe."""
    facts = facts_of(onnx.load(backbone))
    start = json.loads(facts["history"])[0]
    return [*start.get("earlier", []), {"start_from": start["start_from"], "recipe": json.loads(facts["recipe"])}]


def carry_over(network: Pcsr, path: Path) -> None:
    """Take the first convolutions of a float model into the backbone. @raises SystemExit if one does not fit"""
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    for index, conv in enumerate(network.convs):
        kernel, bias = (tensors.get(f"conv{index}.{part}") for part in ("weight", "bias"))
        if kernel is None or kernel.shape != tuple(conv.kernel().shape):
            raise SystemExit(f"{path}: its convolution {index} is {'missing' if kernel is None else 'x'.join(map(str, kernel.shape))}, and the backbone's is {'x'.join(map(str, conv.kernel().shape))}. Give another model with --from.")
        conv.load_merged(torch.from_numpy(kernel.copy()), torch.from_numpy(bias.copy()))


def begin_from(network: Pcsr, base: Path) -> None:
    """Take the running average of run `base`: all of it, or without the light head if that has another shape. @raises SystemExit if the heavy head has"""
    _, trained, _ = averaged_pcsr(base)
    if (trained.shape.body, trained.shape.heavy) != (network.shape.body, network.shape.heavy):
        raise SystemExit(f"{base} has a heavy head of {trained.shape.heavy} units, and {network.shape.heavy} were asked for. Give the same --heavy.")
    alike = trained.shape == network.shape
    network.load_state_dict({name: value for name, value in trained.state_dict().items() if alike or ".light." not in name}, strict=alike)


@torch.no_grad()
def bring_to_unit(network: Pcsr, low: torch.Tensor) -> None:
    """Scale the last convolution of a backbone that was carried over, so that new heads meet features of a mean square of 1 over `low`."""
    last, factor = network.convs[-1], network.features(low).square().mean().rsqrt()
    last.load_merged(last.kernel() * factor, last.bias * factor)


def averaged_pcsr(run: Path) -> tuple[PcsrRecipe, Pcsr, dict]:
    """The running average in a run's checkpoint, its recipe, and the stage and step it stands at."""
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    recipe = PcsrRecipe.of(state["recipe"])
    network = Pcsr(recipe.shape)
    network.load_state_dict(state["average"])
    return recipe, network.eval(), {"stage": state["stage"], "step": state["step"]}


def _train_stage(stage: str, recipe: PcsrRecipe, crops: AnyScale, network: Pcsr, average: Pcsr, run: Path, validation: Validation, state: dict, validate_every: int) -> None:
    first_stage = stage == STAGES[0]
    steps, peak = (recipe.steps, recipe.peak_rate) if first_stage else (recipe.light_steps, recipe.light_rate)
    if not first_stage and state["step"] == 0:
        # What was averaged is what is frozen.
        network.load_state_dict(average.state_dict())
    trained = parameters_of(network, stage)
    optimizer = Soap(trained, lr=0.0)
    if "optimizer" in state:
        optimizer.load_state_dict(state["optimizer"])
    energies = Energies(crops)
    halves = first_stage and computes_bfloat16()
    since, taken, total = time.monotonic(), 0, 0.0
    for step in range(state["step"], steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, peak)
        batch = crops.at(step if first_stage else recipe.steps + step)
        position = step / steps
        with torch.autocast("cpu", torch.bfloat16, enabled=halves and position < recipe.float32_from, cache_enabled=False):
            loss = _heavy_loss(network, batch, energies, position >= recipe.mse_from) if first_stage else _light_loss(network, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        update_average(average, network, 1 - min(recipe.ema, (step + 1) / (step + 10)))
        total += loss.item()
        taken += 1
        if (step + 1) % validate_every == 0 or step + 1 == steps:
            milliseconds = (time.monotonic() - since) * 1000 / taken
            whole = step + 1 + (0 if first_stage else recipe.steps)
            log_line(run, {"step": whole, "stage": stage, "loss": total / taken, **validation(average, stage), "ms": round(milliseconds, 1)})
            saved = {"recipe": asdict(recipe), "stage": stage, "step": step + 1, "network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
            write_atomically(saved, run / "checkpoint.pt")
            since, taken, total = time.monotonic(), 0, 0.0


def parameters_of(network: Pcsr, stage: str) -> list[torch.nn.Parameter]:
    """The parameters that a stage trains; all others are frozen."""
    parts = [network.convs, network.firsts["heavy"], network.heads["heavy"]] if stage == STAGES[0] else [network.firsts["light"], network.heads["light"], network.difficulty]
    network.requires_grad_(False)
    chosen = [parameter for part in parts for parameter in part.parameters()] + ([] if stage == STAGES[0] else [network.decision])
    biases = {id(conv.bias) for conv in (*network.firsts.values(), network.difficulty)}
    return [parameter.requires_grad_(True) for parameter in chosen if id(parameter) not in biases]


def _heavy_loss(network: Pcsr, batch: AnyScaleBatch, energies: "Energies", squared: bool) -> torch.Tensor:
    """The heavy head's error as a share of the bilinear enlargement's at that scale, so that each scale counts alike."""
    where = grid(batch.low.shape[2:], (batch.side, batch.side), batch.rows, batch.columns)
    residual = network.residual("heavy", network.features(batch.low), where).float()
    error, energy = residual - (batch.high - batch.bilinear), energies.at(batch.side / batch.low.shape[2])
    if squared:
        return (error.square().mean((1, 2)) * batch.weights).mean() / energy
    return error.abs().mean() / energy**0.5


def _light_loss(network: Pcsr, batch: AnyScaleBatch) -> torch.Tensor:
    where = grid(batch.low.shape[2:], (batch.side, batch.side), batch.rows, batch.columns)
    with torch.no_grad():
        features = network.features(batch.low)
        heavy = network.residual("heavy", features, where)
    probability = torch.sigmoid(network.logit(features, where))
    mixed = probability * heavy + (1 - probability) * network.residual("light", features, where)
    return RECONSTRUCTION * (mixed - (batch.high - batch.bilinear)).abs().mean() + BALANCE * (2 * probability.mean() - 1).abs()


class Energies:
    """The weighted mean square of what the bilinear enlargement lacks, by scale."""

    KNOTS = (1.02, 1.25, 1.5, 2.0, 2.5, 3.0, MOST)

    def __init__(self, crops: AnyScale):
        found = [np.mean([self._of(batch) for batch in crops.of_scale(scale, 4)]) for scale in self.KNOTS]
        self._logarithms = np.log(np.maximum(found, 1e-6))

    def at(self, scale: float) -> float:
        """In squared units of luma in 0..1."""
        return float(np.exp(np.interp(max(scale, LEAST), self.KNOTS, self._logarithms)))

    @staticmethod
    def _of(batch: AnyScaleBatch) -> float:
        return float(((batch.high - batch.bilinear).square().mean((1, 2)) * batch.weights).mean())
