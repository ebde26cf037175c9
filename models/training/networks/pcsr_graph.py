"""The float ONNX models of PCSR. The first layer of each head is split among three of them, so that nothing is computed twice:

`pcsr-backbone`: `input` uint8 [n, 1, h, w] to what the first layers make of each pixel's features, `light` and `heavy` [h*w, hidden],
and to the classifier's logit, `difficulty` [h*w, 1].
`pcsr-place`: `y` [R, 1], `x` [C, 1] and `cell` [1, 2] to what the place of a pixel of the enlargement adds to these: `light_row`,
`light_column`, `heavy_row`, `heavy_column` [R or C, hidden], `decision_row`, `decision_column` [R or C, 1]; and `steps` (`Steps`).
`pcsr-light` and `pcsr-heavy`: `activation` [n, hidden], the sum of the three after ReLU, to `residual` [n, 1].

All float32 but where said. Places and cells are those of `networks.pcsr.Grid`.
"""

from dataclasses import astuple, dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

from .convolution import merged
from .onnx_builder import LEVEL, GraphBuilder
from .pcsr import HEADS, Pcsr, costs

OUTPUTS = (*HEADS, "difficulty")


@dataclass(frozen=True)
class Steps:
    """The numbers that `pcsr-place` gives beside its tables, in this order."""

    light_cost: float
    """Multiplications of the whole light head for a pixel of the enlargement, the first layer's among them."""
    heavy_cost: float
    backbone_cost: float
    """Multiplications of the backbone for a pixel of the picture, without first layers."""
    light_gain: float = 1.0
    """Step of the head's `activation` that a step of the backbone's output is worth."""
    heavy_gain: float = 1.0
    light_residual: float = 255.0
    """Levels of luma that a step of the head's residual is worth."""
    heavy_residual: float = 255.0
    quantised: float = 0.0


def float_steps(network: Pcsr) -> Steps:
    """The `Steps` of the float models."""
    cost = costs(network.shape)
    return Steps(cost["light"], cost["heavy"], cost["backbone"])


def backbone_model(network: Pcsr, facts: dict[str, str]) -> onnx.ModelProto:
    """The part that sees the picture."""
    builder = GraphBuilder()
    tensor = builder.node("Mul", [builder.node("Cast", ["input"], "input.float", to=TensorProto.FLOAT), builder.constant("level", LEVEL)], "normal")
    for index, conv in enumerate(network.convs):
        tensor = builder.node("Relu", [_conv(builder, f"conv{index}", tensor, *merged(conv))], f"relu{index}")
    lasts = dict(zip(OUTPUTS, (*network.firsts.values(), network.difficulty)))
    for name, conv in lasts.items():
        as_rows(builder, _conv(builder, f"conv.{name}", tensor, *merged(conv)), name, len(conv.bias))
    return builder.finished([picture_input()], [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["pixels", len(conv.bias)]) for name, conv in lasts.items()], facts)


def place_model(network: Pcsr, steps: Steps, units: dict[str, float], facts: dict[str, str]) -> onnx.ModelProto:
    """The part that sees places alone, for tables in the unit of each head that `units` names (1 for floats)."""
    builder, outputs = GraphBuilder(), []
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("y", ["R", 1]), ("x", ["C", 1]), ("cell", [1, 2]))]
    sizes = [_cell(builder, place, axis) for axis, place in enumerate(("y", "x"))]
    for name in HEADS:
        for axis, (part, place, ending) in enumerate(zip(network.heads[name].places, ("y", "x"), ("row", "column"))):
            _table(builder, part, place, sizes[axis], f"{name}_{ending}", 1 / units[name])
            outputs.append((f"{name}_{ending}", ["R" if axis == 0 else "C", network.shape.hidden(name)[0]]))
    y, x, tall, wide, bias = network.decision.detach().numpy()
    shared = builder.node("Gemm", ["cell", builder.constant("decision.cell", np.array([[tall], [wide]])), builder.constant("decision.bias", np.array([[bias]]))], "decision.shared")
    builder.node("Add", [builder.node("Mul", ["y", builder.constant("decision.y", y.reshape(1, 1))], "decision.own"), shared], "decision_row")
    builder.node("Mul", ["x", builder.constant("decision.x", x.reshape(1, 1))], "decision_column")
    builder.node("Identity", [builder.constant("steps.value", np.array([astuple(steps)], np.float32))], "steps")
    outputs += [("decision_row", ["R", 1]), ("decision_column", ["C", 1]), ("steps", [1, len(astuple(steps))])]
    return builder.finished(inputs, [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs], facts)


def head_model(network: Pcsr, name: str, facts: dict[str, str]) -> onnx.ModelProto:
    """One of the heads behind its first layer."""
    builder, tensor, layers = GraphBuilder(), "activation", network.heads[name].layers
    for index, layer in enumerate(layers):
        last = index == len(layers) - 1
        tensor = _linear(builder, f"layer{index}", tensor, layer, "residual" if last else f"layer{index}")
        if not last:
            tensor = builder.node("Relu", [tensor], f"relu{index}")
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, ["n", width]) for end, width in (("activation", network.shape.hidden(name)[0]), ("residual", 1))]
    return builder.finished(ends[:1], ends[1:], facts)


def picture_input() -> onnx.ValueInfoProto:
    """Input of the backbone."""
    return helper.make_tensor_value_info("input", TensorProto.UINT8, ["n", 1, "h", "w"])


def as_rows(builder: GraphBuilder, tensor: str, name: str, channels: int) -> str:
    """[1, channels, h, w] as rows of pixels [h*w, channels], called `name`."""
    last = builder.node("Transpose", [tensor], f"{name}.last", perm=[0, 2, 3, 1])
    return builder.node("Reshape", [last, builder.constant(f"{name}.shape", np.array([-1, channels], np.int64))], name)


def _cell(builder: GraphBuilder, place: str, axis: int) -> str:
    ends = [builder.constant(f"{place}.{name}", np.array([value], np.int64)) for name, value in (("start", axis), ("end", axis + 1), ("axis", 1))]
    return builder.node("Slice", ["cell", *ends], f"{place}.cell")


def _table(builder: GraphBuilder, part: torch.nn.Sequential, place: str, size: str, name: str, factor: float) -> None:
    weight, bias = (values.detach().float().numpy() for values in (part[0].weight, part[0].bias))
    shared = builder.node("Gemm", [size, builder.constant(f"{name}.cell", weight[:, 1:].T.copy()), builder.constant(f"{name}.bias", bias)], f"{name}.shared")
    own = builder.node("MatMul", [place, builder.constant(f"{name}.place", weight[:, :1].T.copy())], f"{name}.own")
    hidden = builder.node("Relu", [builder.node("Add", [own, shared], f"{name}.sum")], f"{name}.hidden")
    _linear(builder, f"{name}.out", hidden, part[2], name, factor)


def _conv(builder: GraphBuilder, name: str, tensor: str, kernel: torch.Tensor, bias: torch.Tensor) -> str:
    side = kernel.shape[-1]
    weights = [builder.constant(f"{name}.weight", kernel.numpy()), builder.constant(f"{name}.bias", bias.numpy())]
    return builder.node("Conv", [tensor, *weights], name, kernel_shape=[side, side], pads=[side // 2] * 4)


def _linear(builder: GraphBuilder, name: str, tensor: str, layer: torch.nn.Linear, output: str, factor: float = 1.0) -> str:
    weight = builder.constant(f"{name}.weight", layer.weight.detach().float().numpy().T * np.float32(factor))
    bias = [] if layer.bias is None else [builder.constant(f"{name}.offset", layer.bias.detach().float().numpy() * np.float32(factor))]
    return builder.node("Gemm", [tensor, weight, *bias], output)
