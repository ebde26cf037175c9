"""Quantisation-aware fine-tuning: the network learns with the rounding of its int8 form in its forward pass.

Activation ranges are those of post-training quantisation and stay fixed; weight steps follow the weights. Rounding
counts as the identity in the backward pass (straight-through, Bengio et al. 2013, arXiv 1308.3432), cutting off as a
wall. All in float32: bfloat16 has as few digits as the int8 it would have to imitate. To be used where plain
quantisation loses too much; it starts from a finished float run and never changes it.
"""

import copy
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn

from ..data.batches import Batch
from ..networks.graph import folded_model
from ..networks.onnx_reader import constants_of
from ..networks.planes import PLANES
from ..train.checkpoint import averaged_network, log_line, write_atomically
from ..train.losses import distance_of
from ..train.recipe import Recipe, built, family_of
from ..train.schedule import learning_rate
from ..train.step import update_average
from ..train.tasks import TASKS
from ..train.tensors import normal
from .calibrate import PERCENTILE, Ranges, calibrate_network
from .equalise import equalise
from .qdq import PICTURE, Scale, quantise
from .restoring import crops_of
from .trunk_ranges import search_trunk_ranges

CPU = torch.device("cpu")


@dataclass(frozen=True)
class QatRecipe:
    """Settings of a fine-tuning run. `patch` is in pixels at low resolution; `rate` is the peak learning rate; `ema` the decay of the running average."""

    steps: int = 10_000
    rate: float = 1e-4
    batch: int = 16
    patch: int = 64
    loss: str = "mse"
    ema: float = 0.998
    calibration: str = "minmax"
    percentile: float = PERCENTILE
    """The share of the values that the calibration "percentile" keeps; what is cut off here the network learns to do without."""
    crops: int = 100
    seed: int = 2


class QuantisedConv(nn.Module):
    """A convolution as int8 will compute it: rounded weights, and a result rounded and cut off as it is stored.

    What is stored with zero point 0 is cut off at 0, so a ReLU that follows finds nothing left to do.
    """

    def __init__(self, conv: nn.Module, scale: Scale) -> None:
        super().__init__()
        self.conv, self.scale = conv, scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel = self.conv.kernel()
        steps = kernel.detach().abs().amax(dim=(1, 2, 3)).div(127).clamp_min(1e-10)
        zeros = torch.zeros(len(steps), dtype=torch.int32)
        kernel = torch.fake_quantize_per_channel_affine(kernel, steps, zeros, 0, -127, 127).contiguous(memory_format=torch.channels_last)
        return fake_quantised(F.conv2d(x, kernel, self.conv.bias, padding=kernel.shape[-1] // 2), self.scale)


class Stored(nn.Module):
    """A tensor as it is stored."""

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return fake_quantised(x, self.scale)


class QuantisedNetwork(nn.Module):
    """A float network with every convolution's result, a trunk's sums, and its output, as int8 stores them.

    `scales` has those of each `conv{i}` and `trunk{i}`.
    """

    def __init__(self, network: nn.Module, scales: dict[str, Scale]) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.network.convs = nn.ModuleList(QuantisedConv(conv, scales[f"conv{index}"]) for index, conv in enumerate(self.network.convs))
        if hasattr(self.network, "sums"):
            self.network.sums = nn.ModuleList(Stored(scales[f"trunk{index}"]) for index in range(len(self.network.sums)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return fake_quantised(self.network(x), PICTURE)

    @property
    def multiple(self) -> int:
        """The number that the sides of its input are multiples of."""
        return getattr(self.network, "multiple", self.network.align)

    def plain(self) -> nn.Module:
        """The float network these weights make without the rounding."""
        network = copy.deepcopy(self.network)
        network.convs = nn.ModuleList(quantised.conv for quantised in network.convs)
        if hasattr(network, "sums"):
            network.sums = nn.ModuleList(nn.Identity() for _ in network.sums)
        return network


def qat(base: Path, data: Path, run: Path, recipe: QatRecipe, validate_every: int = 1000) -> None:
    """Fine-tune the average of run `base` to `recipe.steps`, in folder `run`; continues from a checkpoint found there."""
    torch.manual_seed(recipe.seed)
    run.mkdir(parents=True, exist_ok=True)
    state = _state(run, base, data, recipe)
    network, average = (_rebuilt(state, state[part]) for part in ("network", "average"))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.0)
    if state["optimizer"]:
        optimizer.load_state_dict(state["optimizer"])
    of_base = _recipe_of(state)
    if of_base.degraded:
        raise SystemExit(f"{base} learnt from compressed video, which fine-tuning for int8 does not read. Export it without --qat.")
    tuned = replace(of_base, loss=recipe.loss, patch=recipe.patch, batch=recipe.batch, seed=recipe.seed)
    task = TASKS[of_base.task](tuned, data, run, None)
    _, photographs = task.crops(CPU, None)
    validation, distance = task.validation(), distance_of(tuned, recipe.loss == "mse", CPU)
    since, running = time.monotonic(), []
    for step in range(state["step"], recipe.steps):
        running.append(_step(recipe, step, network, optimizer, photographs.at(step), distance))
        update_average(average, network, 1 - min(recipe.ema, (step + 1) / (step + 10)))
        if (step + 1) % validate_every == 0 or step + 1 == recipe.steps:
            milliseconds = (time.monotonic() - since) * 1000 / len(running)
            log_line(run, {"step": step + 1, "loss": float(np.mean(running)), **validation(average), "ms": round(milliseconds, 1)})
            parts = {"network": network.network.state_dict(), "average": average.network.state_dict(), "optimizer": optimizer.state_dict()}
            state = {**state, **parts, "step": step + 1}
            write_atomically(state, run / "checkpoint.pt")
            since, running = time.monotonic(), []


def quantised_average(run: Path, facts: dict[str, str]) -> onnx.ModelProto:
    """The int8 model of a QAT run's running average, not yet lowered."""
    state = _load(run)
    recipe, of_base = QatRecipe(**state["qat"]), _recipe_of(state)
    if (facts["family"], int(facts["scale"])) != (family_of(of_base), of_base.scale) or (of_base.task == "enlarge" and int(facts["channels"]) != of_base.channels):
        tuned = f"{family_of(of_base)} x{of_base.scale} with {of_base.channels} channels"
        raise SystemExit(f"{run} fine-tunes {tuned}, not the network to be exported. Give its own --qat run.")
    if state["base_step"] != int(facts["step"]):
        raise SystemExit(
            f"{run} fine-tunes the float network as it was at step {state['base_step']}, but its run has gone on to step {facts['step']}. "
            "Fine-tune again in another --run folder, or export the float run as it was."
        )
    network = _rebuilt(state, state["average"]).plain()
    made = {
        "quantisation": "qat",
        "calibration": f"{recipe.calibration}{f' {recipe.percentile:g}' if recipe.calibration == 'percentile' else ''}, {recipe.crops} crops",
        "qat": f"{state['step']} steps at {recipe.rate:g}, {recipe.loss}, from the float network at step {state['base_step']}",
    }
    return quantise(folded_model(network, facts), state["ranges"], made)


def stored_scales(quantised: onnx.ModelProto) -> dict[str, Scale]:
    """Scales of an int8 model's stored tensors, by the name of the tensor."""
    constants = constants_of(quantised)
    stores = {node.input[0]: node.input[1:] for node in quantised.graph.node if node.op_type == "QuantizeLinear"}
    return {name: Scale(np.float32(constants[step]), int(constants[zero])) for name, (step, zero) in stores.items()}


def fake_quantised(x: torch.Tensor, scale: Scale) -> torch.Tensor:
    """`x` cut off and rounded to what 8 bits at `scale` can hold, still float."""
    return torch.fake_quantize_per_tensor_affine(x, float(scale.step), scale.zero, 0, 255)


def _step(recipe: QatRecipe, step: int, network, optimizer, batch: Batch, distance) -> float:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, recipe.steps, recipe.rate)
    loss = distance(network(normal(batch.low)), normal(batch.high), batch.weights)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def _state(run: Path, base: Path, data: Path, recipe: QatRecipe) -> dict:
    """State in the run's checkpoint; a new run's state comes from the float network."""
    if (run / "checkpoint.pt").exists():
        state = _load(run)
        if state["qat"] != asdict(recipe):
            raise SystemExit(f"{run} was made by another recipe:\n  there {state['qat']}\n  asked {asdict(recipe)}\nGive another --run folder.")
        return state
    of_base, network, base_step = averaged_network(base)
    crops = crops_of(of_base, data, recipe.crops)
    equalise(network, crops)
    ranges = search_trunk_ranges(*calibrate_network(network, _shape(of_base), crops, recipe.calibration, recipe.percentile), crops)
    weights = QuantisedNetwork(network, _scales(network, ranges, of_base)).network.state_dict()
    start = {"recipe": asdict(of_base), "qat": asdict(recipe), "base_step": base_step, "ranges": ranges}
    return {**start, "step": 0, "network": weights, "average": weights, "optimizer": None}


def _rebuilt(state: dict, weights: dict) -> QuantisedNetwork:
    recipe = _recipe_of(state)
    network = built(recipe)
    quantised = QuantisedNetwork(network, _scales(network, state["ranges"], recipe))
    quantised.network.load_state_dict(weights)
    return quantised


def _scales(network: nn.Module, ranges: Ranges, recipe: Recipe) -> dict[str, Scale]:
    return stored_scales(quantise(folded_model(network, _shape(recipe)), ranges))


def _shape(recipe: Recipe) -> dict[str, str]:
    channels = recipe.channels if recipe.task == "enlarge" else PLANES
    return {"family": recipe.family, "scale": str(recipe.scale), "channels": str(channels)}


def _recipe_of(state: dict) -> Recipe:
    return Recipe.of(state["recipe"])


def _load(run: Path) -> dict:
    path = run / "checkpoint.pt"
    if not path.exists():
        raise SystemExit(f"{run} holds no checkpoint.pt. Start it with `python -m training qat --base FLOAT_RUN --run {run}`.")
    return torch.load(path, weights_only=True)
