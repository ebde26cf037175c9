"""Small networks and pictures for the self tests: made up, seeded. `write` makes the network that srvid's own tests run."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from ..data.pairs import Pair
from ..data.planar import Planes
from ..networks.cost import cost
from ..networks.families import FAMILIES
from ..networks.graph import float_model
from ..networks.lpienet import Lpienet
from ..networks.onnx_builder import LEVEL, GraphBuilder
from ..networks.onnx_reader import facts_of
from ..networks.plain import Plain
from ..networks.stack import Deblock
from ..quantise.calibrate import calibrate, calibrate_network
from ..quantise.lower import lower, prove_equal
from ..quantise.qdq import quantise
from ..quantise.restoring import shipped
from ..ship import manifest

TRUNK = {"family": "stack", "trunk": 16, "hidden": (48,) * 3, "first": 5}
"""Options of `network` for a trunk with blocks."""
KINDS = [*({"family": name} for name, family in FAMILIES.items() if name != Deblock.family and not getattr(family, "restores", False)), TRUNK]
"""One of each family that enlarges, and of each shape that is computed in another way."""


def network(scale: int = 3, channels: int = 1, family: str = "abpn", **options) -> torch.nn.Module:
    """A network with random weights, biases included where it has any, that still enlarges its picture."""
    torch.manual_seed(scale * 10 + channels)
    made = FAMILIES[family](scale, channels, expansion=8, **options).eval()
    with torch.no_grad():
        for conv in made.published:
            if conv.bias.requires_grad:
                conv.bias.uniform_(-0.1, 0.1)
        # No mean offset: a picture pushed to black or white as a whole would hide differences by saturation.
        made.published[-1].bias.zero_()
        # What random blocks add up to would leave the residual's range.
        for _, narrowing in getattr(made, "blocks", []):
            narrowing.load_merged(narrowing.kernel() / 8, narrowing.bias / 8)
    return made


def shape(made: torch.nn.Module) -> dict[str, str]:
    return {"family": made.family, "scale": str(made.scale), "channels": str(made.channels), "precision": "fp32"}


def picture(channels: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Waves with a little noise, uint8 [channels, height, width], of 16..235."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x * random.uniform(0.05, 0.6) + y * random.uniform(-0.6, 0.6)) for _ in range(channels)]
    return np.clip(126 + 90 * np.stack(waves) + random.normal(0, 6, (channels, height, width)), 16, 235).astype(np.uint8)


def planes(height: int, width: int, seed: int = 0) -> Planes:
    """A made-up picture of 4:2:0."""
    return Planes(*(picture(1, height // part, width // part, seed + part)[0] for part in (1, 2, 2)))


def pairs(scale: int, channels: int = 1, count: int = 3) -> list[Pair]:
    """Pictures whose high resolution is the low one repeated: what an anchor with no residual would give."""
    lows = [picture(channels, 48, 56, seed) for seed in range(count)]
    return [Pair(low, low.repeat(scale, axis=1).repeat(scale, axis=2)) for low in lows]


def models(scale: int = 3, channels: int = 1, family: str = "abpn", **options) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """(float, int8 not yet lowered) of the random network."""
    made = network(scale, channels, family, **options)
    crops = [picture(channels, 48, 48, seed) for seed in range(20, 26)]
    return float_model(made, shape(made)), quantise(*calibrate_network(made, shape(made), crops))


def write(folder: Path, scale: int = 3, channels: int = 3) -> list[Path]:
    """A small network of random weights as `export` ships them, int8 and lowered, with its manifest entry, below `folder`."""
    small = {"width": 8, "depth": 1}
    made, (_, quantised) = network(scale, channels, **small), models(scale, channels, **small)
    lowered = lower(quantised)
    prove_equal(quantised, lowered)
    parameters, multiplications = cost(made)
    figures = {"halo": made.halo, "align": made.align, "parameters": parameters, "macsPerPixel": multiplications}
    known = {"title": made.title, "paper": made.paper, "licence": "MIT", "planes": "y" if channels == 1 else "rgb"}
    facts = {**facts_of(lowered), "precision": "int8", **known, **{name: str(value) for name, value in figures.items()}}
    onnx.helper.set_model_props(lowered, facts)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{manifest.model_id(facts, 'int8')}.onnx"
    onnx.save(lowered, file)
    manifest.replace(folder, [manifest.entry(file, {})])
    return [file, folder / "manifest.json"]


def write_restoring(folder: Path) -> list[Path]:
    """Tiny networks of random weights that restore planes of 4:2:0, one in float and one in both precisions, with their manifest entries, below `folder`."""
    torch.manual_seed(8)
    made = Lpienet(hidden=(4, 4, 8)).eval()
    with torch.no_grad():
        made.tail.direct.mul_(0.2)
    dense = Plain(hidden=(8, 8), expansion=0).eval()
    with torch.no_grad():
        dense.convs[-1].direct.mul_(40)
    crops = [picture(dense.channels, 24, 24, seed) for seed in range(4)]
    models = [(made, float_model(made, _facts_of(made, "fp32"))), (dense, float_model(dense, _facts_of(dense, "fp32")))]
    models.append((dense, shipped(quantise(*calibrate_network(dense, _facts_of(dense, "int8"), crops)))))
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for network, model in models:
        precision = facts_of(model)["precision"]
        onnx.helper.set_model_props(model, {**facts_of(model), **_facts_of(network, precision)})
        files.append(folder / f"{manifest.model_id(_facts_of(network, precision), precision)}.onnx")
        onnx.save(model, files[-1])
    manifest.replace(folder, [manifest.entry(file, {}) for file in files])
    return files


def _facts_of(network: torch.nn.Module, precision: str) -> dict[str, str]:
    parameters, multiplications = cost(network)
    figures = {"scale": 1, "channels": network.channels, "halo": network.halo, "align": network.align, "parameters": parameters, "macsPerPixel": multiplications}
    known = {"family": f"{network.family}-denoise", "planes": "yuv", "precision": precision, "licence": "MIT", "paper": network.paper}
    return {**known, **{name: str(value) for name, value in figures.items()}}


def grouped_model() -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """(float, int8) of a network with what ABPN has not: a grouped convolution, one without ReLU, no anchor."""
    random, builder = np.random.default_rng(5), GraphBuilder()
    builder.node("Cast", ["input"], "input.float", to=onnx.TensorProto.FLOAT)
    tensor = builder.node("Mul", ["input.float", builder.constant("level", LEVEL)], "normal")
    layers = [(10, 3, 3, 1, True), (8, 5, 3, 2, False), (12, 8, 1, 1, False)]
    for index, (outputs, inputs, side, group, relu) in enumerate(layers):
        kernel = random.normal(0, (2 / (inputs * side * side)) ** 0.5, (outputs, inputs, side, side)).astype(np.float32)
        weights = [builder.constant(f"conv{index}.weight", kernel), builder.constant(f"conv{index}.bias", random.uniform(0, 0.2, outputs).astype(np.float32))]
        tensor = builder.node("Conv", [tensor, *weights], f"conv{index}", kernel_shape=[side, side], pads=[side // 2] * 4, group=group)
        tensor = builder.node("Relu", [tensor], f"relu{index}") if relu else tensor
    tensor = builder.node("DepthToSpace", [tensor], "shuffled", blocksize=2, mode="CRD")
    tensor = builder.node("Clip", [tensor, builder.constant("black", np.float32(0)), builder.constant("white", np.float32(1))], "clipped")
    tensor = builder.node("Round", [builder.node("Mul", [tensor, builder.constant("levels", np.float32(255))], "output.levels")], "output.rounded")
    builder.node("Cast", [tensor], "output", to=onnx.TensorProto.UINT8)
    floats = builder.model(2, 3, {"family": "grouped", "scale": "2", "channels": "3"})
    return floats, quantise(floats, calibrate(floats, [picture(3, 40, 40, seed) for seed in range(4)]))


def depthwise_model(channels: int) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """(float, int8) of a network with one depthwise convolution."""
    random, builder = np.random.default_rng(6), GraphBuilder()
    builder.node("Cast", ["input"], "input.float", to=onnx.TensorProto.FLOAT)
    tensor = builder.node("Mul", ["input.float", builder.constant("level", LEVEL)], "normal")
    for name, outputs, inputs, group in (("head", channels, 1, 1), ("depthwise", channels, 1, channels), ("tail", 1, channels, 1)):
        kernel = random.normal(0.1, (1 / (inputs * 9)) ** 0.5, (outputs, inputs, 3, 3)).astype(np.float32)
        weights = [builder.constant(f"{name}.weight", kernel), builder.constant(f"{name}.bias", np.zeros(outputs, np.float32))]
        tensor = builder.node("Conv", [tensor, *weights], name, kernel_shape=[3, 3], pads=[1] * 4, group=group)
        tensor = builder.node("Relu", [tensor], f"{name}.relu") if name != "tail" else tensor
    tensor = builder.node("Clip", [tensor, builder.constant("black", np.float32(0)), builder.constant("white", np.float32(1))], "clipped")
    tensor = builder.node("Round", [builder.node("Mul", [tensor, builder.constant("levels", np.float32(255))], "output.levels")], "output.rounded")
    builder.node("Cast", [tensor], "output", to=onnx.TensorProto.UINT8)
    floats = builder.model(1, 1, {"family": "depthwise", "scale": "1", "channels": "1"})
    return floats, quantise(floats, calibrate(floats, [picture(1, 40, 40, seed) for seed in range(4)]))


def with_constant(model: onnx.ModelProto, name: str, change) -> onnx.ModelProto:
    """A copy of `model` in which `change` was applied to the constant called `name`."""
    broken = onnx.ModelProto()
    broken.CopyFrom(model)
    tensor = next(t for t in broken.graph.initializer if t.name == name)
    value = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(change(value).astype(value.dtype), name))
    return broken
