"""Post-training quantisation: a float model and the ranges of its tensors to an int8 model in QDQ form.

Weights are int8 with a scale per output channel and zero point 0; activations are uint8, those after a ReLU with zero
point 0. That is the form ONNX Runtime has fast kernels for. The picture comes in at scale 1/255, zero point 0, which
are its own bytes; the sum that becomes the output is stored at the same scale, so that saturation to 0..255 is the
network's clip and costs nothing. Nodes that only move bytes work on the bytes.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from ..networks.onnx_builder import LEVEL, GraphBuilder
from ..networks.onnx_reader import constants_of, facts_of, is_relu, trunk_of
from .calibrate import Ranges

MOVES = {"Gather", "DepthToSpace", "SpaceToDepth", "Slice", "Transpose", "Concat", "Reshape"}
"""Operators that only move bytes."""


@dataclass(frozen=True)
class Scale:
    """value = (byte - zero) * step."""

    step: np.float32
    zero: int


PICTURE = Scale(LEVEL, 0)
RESIDUAL = Scale(LEVEL, 128)
"""Scale of the residual that is added to a picture: the picture's own levels, -128..127. A sum of two such bytes needs no rounding of its own.

A finer step would cut off the strongest edges; a coarser one, for as wide a range as was seen, would round twice."""


def quantise(model: onnx.ModelProto, ranges: Ranges, facts: dict[str, str] | None = None) -> onnx.ModelProto:
    """The QDQ model of a float model written by `networks.graph.float_model`; `facts` are added to its own."""
    source, ranges = _Source(model), _alike_where_added(model, _alike_where_joined(model, ranges))
    writer = QdqWriter(constants_of(model))
    for node in model.graph.node:
        result = node.output[0]
        if node.op_type == "Cast" and node.input[0] == "input":
            writer.stored[result] = ("input", PICTURE)
        elif node.input[0] in writer.stored and source.is_normalisation(node):
            writer.stored[result] = writer.stored[node.input[0]]
        elif result in source.ending:
            writer.stored[result] = writer.stored[node.input[0]]
        elif node.op_type in MOVES:
            writer.move(node)
        elif is_relu(node):
            writer.store(node, relu_scale(ranges[result]))
        elif source.next_is_relu(node):
            writer.compute(node)
        else:
            writer.compute(node)
            writer.store_sum(node, source.scale_of(result, ranges))
    rename(writer.nodes, writer.stored["output"][0], "output")
    scale, channels = source.shape()
    return writer.model(scale, channels, {**facts_of(model), **(facts or {}), "precision": "int8"})


class _Source:
    """Questions about the float model."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model, self._constants = model, constants_of(model)
        self._consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self._consumers.setdefault(name, []).append(node)
        self.ending = self._ending()

    def is_normalisation(self, node: onnx.NodeProto) -> bool:
        return node.op_type == "Mul" and node.input[0] == "input.float" and self._constants[node.input[1]] == LEVEL

    def next_is_relu(self, node: onnx.NodeProto) -> bool:
        consumers = self._consumers[node.output[0]]
        return len(consumers) == 1 and is_relu(consumers[0])

    def scale_of(self, tensor: str, ranges: Ranges) -> Scale:
        """Scale of a tensor that no ReLU bounds."""
        if self._reaches_clip(tensor):
            return PICTURE
        if self._is_added_to_the_picture(tensor):
            return PICTURE if ranges[tensor][0] >= 0 else RESIDUAL
        return affine(ranges[tensor])

    def shape(self) -> tuple[int, int]:
        facts = facts_of(self._model)
        return int(facts["scale"]), int(facts["channels"])

    def _reaches_clip(self, tensor: str) -> bool:
        kinds = self._consumers[tensor]
        if any(is_relu(node) for node in kinds):
            return False
        return len(kinds) == 1 and (kinds[0].op_type == "Clip" or (kinds[0].op_type in MOVES and self._reaches_clip(kinds[0].output[0])))

    def _is_added_to_the_picture(self, tensor: str) -> bool:
        kinds = self._consumers[tensor]
        if len(kinds) != 1:
            return False
        result = kinds[0].output[0]
        return self._reaches_clip(result) if kinds[0].op_type == "Add" else kinds[0].op_type in MOVES and self._is_added_to_the_picture(result)

    def _ending(self) -> set[str]:
        """Results from the Clip on: in 8 bits they are one and the same."""
        names = {node.output[0] for node in self._model.graph.node if node.op_type == "Clip" and not is_relu(node)}
        for node in self._model.graph.node:
            if node.input[0] in names:
                names.add(node.output[0])
        return names


class QdqWriter(GraphBuilder):
    """Writes the QDQ model; remembers for each float tensor the uint8 tensor that stores it, and how."""

    def __init__(self, constants: dict[str, np.ndarray]) -> None:
        super().__init__()
        self._floats = constants
        self.stored: dict[str, tuple[str, Scale]] = {}
        self._read: dict[str, str] = {}

    def move(self, node: onnx.NodeProto) -> None:
        scale = self.stored[node.input[0]][1]
        if any(self.stored[name][1] != scale for name in node.input if name in self.stored):
            raise ValueError(f"{node.name} joins {', '.join(node.input)}, whose bytes are of different scales.")
        inputs = [self.stored[name][0] if name in self.stored else self.constant(name, self._floats[name]) for name in node.input]
        self._copy(node, inputs, f"{node.output[0]}.bytes")
        self.stored[node.output[0]] = (f"{node.output[0]}.bytes", scale)

    def compute(self, node: onnx.NodeProto) -> None:
        """The node itself, on dequantised inputs."""
        if node.op_type == "Conv":
            self._copy(node, [self.dequantised(node.input[0]), *self._weights(node)], node.output[0])
        else:
            self._copy(node, [self._input(name) for name in node.input], node.output[0])

    def _input(self, name: str) -> str:
        """A tensor as floats; a constant, or nothing, as it is."""
        if name in self._floats:
            return self.constant(name, self._floats[name])
        return self.dequantised(name) if name else name

    def store(self, relu: onnx.NodeProto, scale: Scale) -> None:
        # No Relu or Clip is written: storing in uint8 with zero point 0 has already cut off what is below 0 or above the range.
        self._quantise(relu.input[0], relu.output[0], scale)

    def store_sum(self, node: onnx.NodeProto, scale: Scale) -> None:
        self._quantise(node.output[0], node.output[0], scale)

    def _quantise(self, computed: str, tensor: str, scale: Scale) -> None:
        name = self.node("QuantizeLinear", [computed, *self._scale(tensor, scale)], f"{tensor}.bytes")
        self.stored[tensor] = (name, scale)

    def dequantised(self, tensor: str) -> str:
        """A stored tensor as floats."""
        name, scale = self.stored[tensor]
        if name not in self._read:
            self._read[name] = self.node("DequantizeLinear", [name, *self._scale(tensor, scale)], f"{name}.value")
        return self._read[name]

    def _scale(self, tensor: str, scale: Scale) -> list[str]:
        return [self.constant(f"{tensor}.scale", scale.step), self.constant(f"{tensor}.zero", np.uint8(scale.zero))]

    def _weights(self, conv: onnx.NodeProto) -> list[str]:
        kernel, bias = (self._floats[name] for name in conv.input[1:])
        step = weight_steps(kernel, bias, float(self.stored[conv.input[0]][1].step))
        integers = np.clip(np.rint(kernel / step[:, None, None, None]), -127, 127).astype(np.int8)
        bias_step = (step * self.stored[conv.input[0]][1].step).astype(np.float32)
        integer_bias = np.rint(bias.astype(np.float64) / bias_step).astype(np.int32)
        names = []
        for name, values, steps in ((conv.input[1], integers, step), (conv.input[2], integer_bias, bias_step)):
            inputs = [self.constant(name, values), self.constant(f"{name}.scale", steps), self.constant(f"{name}.zero", np.zeros(len(steps), values.dtype))]
            names.append(self.node("DequantizeLinear", inputs, f"{name}.value", axis=0))
        return names

    def _copy(self, node: onnx.NodeProto, inputs: list[str], output: str) -> None:
        self.node(node.op_type, inputs, output, **{a.name: helper.get_attribute_value(a) for a in node.attribute})


def weight_steps(kernel: np.ndarray, bias: np.ndarray, input_step: float) -> np.ndarray:
    """Step of each output channel's int8 weights, float32 [outputs]: largest weight at 127, and a bias that fits int32."""
    largest = np.abs(kernel).reshape(len(kernel), -1).max(axis=1)
    for_bias = np.abs(bias) / (input_step * 2.0**30)
    return np.maximum(np.maximum(largest / 127, for_bias), 1e-10).astype(np.float32)


def _alike_where_joined(model: onnx.ModelProto, ranges: Ranges) -> Ranges:
    """Tensors that a Concat joins share the widest range among them, so that joining them is moving bytes."""
    result = dict(ranges)
    for node in model.graph.node:
        if node.op_type == "Concat":
            lows, highs = zip(*(result[name] for name in node.input))
            result.update({name: (min(lows), max(highs)) for name in node.input})
    return result


def _alike_where_added(model: onnx.ModelProto, ranges: Ranges) -> Ranges:
    """A trunk's tensors, and what is added to it, share the widest step among them, so that a sum of bytes needs no rounding of its own."""
    trunk = trunk_of(model)
    widest = max((ranges[name][1] - ranges[name][0] for name in trunk), default=0.0)
    return {name: _widened(seen, widest) if name in trunk else seen for name, seen in ranges.items()}


def _widened(seen: tuple[float, float], width: float) -> tuple[float, float]:
    more = (width - (seen[1] - seen[0])) / 2
    return seen[0] - more, seen[1] + more


def relu_scale(seen: tuple[float, float]) -> Scale:
    """The scale that covers the range of a ReLU's result."""
    return Scale(np.float32(max(seen[1] / 255, 1e-8)), 0)


def affine(seen: tuple[float, float]) -> Scale:
    """The scale that covers a range, 0 exactly among its values."""
    low, high = min(seen[0], 0.0), max(seen[1], 0.0)
    step = max((high - low) / 255, 1e-8)
    return Scale(np.float32(step), int(np.clip(np.rint(-low / step), 0, 255)))


def rename(nodes: list[onnx.NodeProto], name: str, new: str) -> None:
    """Give a tensor that is an output of the graph, and of nothing read in it, another name."""
    for node in nodes:
        node.output[:] = [new if output == name else output for output in node.output]
