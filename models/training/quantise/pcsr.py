"""Post-training quantisation of PCSR's bundle.

The backbone is quantised as every chain of convolutions here. Its outputs are first-layer values before ReLU, uint8 with zero point 128. The
program adds what places contribute in whole numbers, of 64ths of the step of the head's `activation`; that step is so chosen that one of the backbone's is a
whole number of 64ths (`Steps.light_gain`, `Steps.heavy_gain`). A head is quantised as a network of 1x1 convolutions on those activations,
which are taken as a picture of as many channels.
"""

from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto, helper

from ..measure.pcsr import FRACTION, Bundle
from ..measure.runtime import Session
from ..networks.onnx_builder import GraphBuilder
from ..networks.onnx_reader import constants_of, facts_of, is_relu
from ..networks.pcsr import HEADS, Pcsr
from ..networks.pcsr_graph import OUTPUTS, Steps, backbone_model, float_steps, head_model, picture_input, place_model
from .calibrate import Ranges, calibrate
from .gptq import with_kernels_rounded
from .lower import lower, prove_equal
from .ptq import with_biases_corrected
from .qdq import MOVES, PICTURE, QdqWriter, Scale, affine, relu_scale, rename

SCALES = (1.25, 1.5, 2.0, 2.25, 3.0, 4.0)
"""Scales at which activations are sampled."""
SAMPLED = 4_000
"""Pixels of each calibration crop's enlargement."""
MOST_GAIN = 127
RESIDUAL_STEPS = (0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 1.0)
"""Candidates for the step of a residual, in levels."""
MADE = {"precision": "int8", "quantisation": "ptq", "kernels": "gptq", "biases": "corrected"}


def quantised_bundle(network: Pcsr, facts: dict[str, str], crops: list[np.ndarray]) -> dict[str, onnx.ModelProto]:
    """The four int8 models, by part, calibrated on uint8 `crops` [1, h, w] of pictures at low resolution."""
    facts = {**facts, **MADE}
    floats = backbone_model(network, facts)
    backbone, features = _backbone(floats, crops)
    lowered = lower(backbone)
    prove_equal(backbone, lowered)
    exact = {"backbone": floats, "place": place_model(network, float_steps(network), dict.fromkeys(HEADS, 1.0), facts)}
    largest = {name: float(np.quantile(np.concatenate(seen), 0.99999)) for name, seen in _activations(Bundle(exact), crops).items()}
    gains = {name: int(np.clip(FRACTION * features[name] * 255 // largest[name], 1, MOST_GAIN)) for name in HEADS}
    units = {name: FRACTION * features[name] / gains[name] for name in HEADS}
    steps = replace(float_steps(network), **{f"{name}_gain": gains[name] / FRACTION for name in HEADS}, quantised=1.0)
    bundle = {"backbone": lowered, "place": place_model(network, steps, units, facts)}
    seen = _activations(Bundle(bundle), crops)
    for name in HEADS:
        bundle[name], step = _head(network, name, facts, units[name], np.concatenate(seen[name]))
        steps = replace(steps, **{f"{name}_residual": step})
    return {**bundle, "place": place_model(network, steps, units, facts)}


def _backbone(floats: onnx.ModelProto, crops: list[np.ndarray]) -> tuple[onnx.ModelProto, dict[str, float]]:
    """The int8 backbone, and the step of each head's first layer."""
    ranges = calibrate(floats, crops)
    steps = {name: max(-ranges[f"conv.{name}"][0], ranges[f"conv.{name}"][1]) / 127 for name in HEADS}
    own = {**{f"conv.{name}": Scale(np.float32(step), 128) for name, step in steps.items()}, "conv.difficulty": affine(ranges["conv.difficulty"])}
    writer = _written(floats, PICTURE, ranges, own)
    for name in HEADS:
        rename(writer.nodes, writer.stored[name][0], name)
    rename(writer.nodes, writer.dequantised("difficulty"), "difficulty")
    widths = {output.name: output.type.tensor_type.shape.dim[1].dim_value for output in floats.graph.output}
    kinds = {"difficulty": TensorProto.FLOAT}
    outputs = [helper.make_tensor_value_info(name, kinds.get(name, TensorProto.UINT8), ["pixels", widths[name]]) for name in OUTPUTS]
    plain = writer.finished([picture_input()], outputs, facts_of(floats))
    return with_biases_corrected(with_kernels_rounded(plain, floats, crops), floats, crops), steps


def _written(model: onnx.ModelProto, picture: Scale, ranges: Ranges, own: dict[str, Scale]) -> QdqWriter:
    """A float model's nodes in QDQ form; `own` are the scales of convolutions that no ReLU follows."""
    writer = QdqWriter(constants_of(model))
    for node in model.graph.node:
        result = node.output[0]
        if node.op_type in ("Cast", "Mul"):
            writer.stored[result] = ("input", picture)
        elif node.op_type in MOVES:
            writer.move(node)
        elif is_relu(node):
            writer.store(node, relu_scale(ranges[result]))
        else:
            writer.compute(node)
            if result in own:
                writer.store_sum(node, own[result])
    return writer


def _activations(bundle: Bundle, crops: list[np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Inputs of both heads at random pixels of enlargements of the crops, each at one of `SCALES` in turn."""
    random, found = np.random.default_rng(3), {name: [] for name in HEADS}
    for index, crop in enumerate(crops):
        size = tuple(round(side * SCALES[index % len(SCALES)]) for side in crop.shape[1:])
        first = bundle.first_layers(crop[0], size)
        rows, columns = (random.integers(side, size=SAMPLED) for side in size)
        for name in HEADS:
            found[name].append(first.activation(name, rows, columns))
    return found


def _head(network: Pcsr, name: str, facts: dict[str, str], unit: float, activations: np.ndarray) -> tuple[onnx.ModelProto, float]:
    """An int8 head, and the step of its residual in levels; `activations` are uint8 [n, hidden], in steps of `unit`."""
    exact = Session(head_model(network, name, facts)).feed({"activation": activations.astype(np.float32) * np.float32(unit)})[0][:, 0] * 255
    step = min(RESIDUAL_STEPS, key=lambda step: np.square(np.clip(np.rint(exact / step), -128, 127) * step - exact).mean())
    pictures = [np.ascontiguousarray(part.T)[:, :, None] for part in np.array_split(activations, 8)]
    floats = _as_network(network, name, unit, facts)
    last = f"conv{len(network.heads[name].layers) - 1}"
    writer = _written(floats, Scale(np.float32(unit), 0), calibrate(floats, pictures), {last: Scale(np.float32(step / 255), 128)})
    rename(writer.nodes, writer.stored["output"][0], "output")
    plain = writer.finished(list(floats.graph.input), [helper.make_tensor_value_info("output", TensorProto.UINT8, ["rows", 1])], facts)
    return _on_rows(with_biases_corrected(with_kernels_rounded(plain, floats, pictures), floats, pictures), activations.shape[1]), step


def _as_network(network: Pcsr, name: str, unit: float, facts: dict[str, str]) -> onnx.ModelProto:
    """A head as a float network of 1x1 convolutions: `input` uint8 [1, hidden, n, 1] to `output` [n, 1]."""
    builder, layers = GraphBuilder(), network.heads[name].layers
    tensor = builder.node("Mul", [builder.node("Cast", ["input"], "input.float", to=TensorProto.FLOAT), builder.constant("unit", np.float32(unit))], "normal")
    for index, layer in enumerate(layers):
        weight, bias = (values.detach().float().numpy() for values in (layer.weight, layer.bias))
        weights = [builder.constant(f"conv{index}.weight", weight[:, :, None, None]), builder.constant(f"conv{index}.bias", bias)]
        tensor = builder.node("Conv", [tensor, *weights], f"conv{index}", kernel_shape=[1, 1])
        if index < len(layers) - 1:
            tensor = builder.node("Relu", [tensor], f"relu{index}")
    builder.node("Reshape", [tensor, builder.constant("rows", np.array([-1, 1], np.int64))], "output")
    width = network.shape.hidden(name)[0]
    ends = [helper.make_tensor_value_info("input", TensorProto.UINT8, ["n", width, "h", "w"]), helper.make_tensor_value_info("output", TensorProto.FLOAT, ["rows", 1])]
    return builder.finished(ends[:1], ends[1:], facts)


def _on_rows(model: onnx.ModelProto, width: int) -> onnx.ModelProto:
    """The same network with the ends of a head: `activation` uint8 [n, hidden] to `residual` uint8 [n, 1]."""
    builder = GraphBuilder()
    builder.node("Transpose", [builder.node("Reshape", ["activation", builder.constant("wide", np.array([1, -1, 1, width], np.int64))], "pixels")], "input", perm=[0, 3, 1, 2])
    builder.nodes += list(model.graph.node)
    builder.constants.update(constants_of(model))
    rename(builder.nodes, "output", "residual")
    ends = [helper.make_tensor_value_info(end, TensorProto.UINT8, ["n", wide]) for end, wide in (("activation", width), ("residual", 1))]
    return builder.finished(ends[:1], ends[1:], facts_of(model))
