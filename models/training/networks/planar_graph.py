"""The ONNX graph of a restoring network: three inputs `y`, `u`, `v` and three outputs of the same shapes, `y.restored`, `u.restored`, `v.restored`.

All are uint8: Y [n, 1, h, w], U and V [n, 1, h/2, w/2], with n, h and w free, h and w multiples of the network's `align`. As in
`graph`, the convolutions are the initializers `conv{i}.weight` and `conv{i}.bias`, in the order of the network's `published`.
"""

import numpy as np
import onnx
import torch
from onnx import TensorProto

from .attention import Attention
from .convolution import merged
from .lpienet import InvertedResidual, Lpienet, Stage
from .onnx_builder import LEVEL, GraphBuilder

ENDS = ("y", "u", "v")


class _Writer:
    """Writes the modules of one network in the order in which it lists them; each method mirrors a `forward`."""

    def __init__(self, builder: GraphBuilder):
        self.builder, self.convs, self.count = builder, 0, 0

    def node(self, kind: str, inputs: list[str], **attributes) -> str:
        self.count += 1
        return self.builder.node(kind, inputs, f"{kind.lower()}{self.count}", **attributes)

    def conv(self, conv: torch.nn.Module, tensor: str) -> str:
        name, (kernel, bias), self.convs = f"conv{self.convs}", merged(conv), self.convs + 1
        weights = [self.builder.constant(f"{name}.weight", kernel.numpy()), self.builder.constant(f"{name}.bias", bias.numpy())]
        side = kernel.shape[-1]
        return self.builder.node("Conv", [tensor, *weights], name, kernel_shape=[side, side], pads=[side // 2] * 4, group=getattr(conv, "groups", 1))

    def relu(self, tensor: str) -> str:
        return self.node("Relu", [tensor])

    def gated(self, tensor: str, gate: str) -> str:
        return self.node("Mul", [tensor, gate])

    def residual(self, block: InvertedResidual, x: str) -> str:
        x = self.node("Add", [x, self.conv(block.narrow, self.relu(self.conv(block.depthwise, self.conv(block.widen, x))))])
        return self.node("Add", [x, self.conv(block.second, self.relu(self.conv(block.first, x)))])

    def attention(self, attention: Attention, x: str) -> str:
        mean = self.node("ReduceMean", [x], axes=[1])
        maps = self.node("Concat", [mean, self.node("ReduceMax", [x], axes=[1])], axis=1)
        spatial = self.node("Sigmoid", [self.conv(attention.spatial, maps)])
        if attention.form == "static":
            channel = self.builder.constant(f"factors{self.convs}", torch.sigmoid(attention.factors).detach().numpy())
        else:
            seen = self.node("GlobalAveragePool", [x]) if attention.form == "global" else mean
            channel = self.node("Sigmoid", [self.conv(attention.excite, self.relu(self.conv(attention.squeeze, seen)))])
        both = self.node("Concat", [self.gated(x, spatial), self.gated(x, channel)], axis=1)
        return self.node("Sigmoid", [self.conv(attention.join, both)])

    def stage(self, stage: Stage, x: str) -> str:
        start = self.relu(self.conv(stage.head, x))
        found = self.residual(stage.blocks[1], self.residual(stage.blocks[0], start))
        return self.node("Add", [start, self.gated(found, self.attention(stage.attention, found))])

    def pooled(self, x: str) -> str:
        return self.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])

    def joined(self, x: str, beside: str) -> str:
        twice = self.builder.constant("twice", np.array([1, 1, 2, 2], np.float32))
        larger = self.node("Resize", [x, "", twice], mode="linear", coordinate_transformation_mode="half_pixel")
        return self.node("Concat", [larger, beside], axis=1)


def planar_model(network: Lpienet, facts: dict[str, str]) -> onnx.ModelProto:
    """The network as a float32 model with uint8 ends."""
    builder = GraphBuilder()
    writer = _Writer(builder)
    level = builder.constant("level", LEVEL)
    y, u, v = (builder.node("Mul", [builder.node("Cast", [end], f"{end}.float", to=TensorProto.FLOAT), level], f"{end}.normal") for end in ENDS)
    picture = builder.node("Concat", [builder.node("SpaceToDepth", [y], "y.folded", blocksize=2), u, v], "picture", axis=1)

    first, second, third, fourth, fifth = network.stages
    full = writer.stage(first, picture)
    half = writer.stage(second, writer.pooled(full))
    quarter = writer.stage(third, writer.pooled(half))
    joined = writer.stage(fourth, writer.joined(quarter, half))
    residual = writer.conv(network.tail, writer.stage(fifth, writer.joined(joined, full)))

    clipped = builder.node("Clip", [builder.node("Add", [residual, picture], "sum"), builder.constant("black", np.float32(0)), builder.constant("white", np.float32(1))], "clipped")
    levels = builder.node("Round", [builder.node("Mul", [clipped, builder.constant("levels", np.float32(255))], "restored.levels")], "restored.rounded")
    restored = builder.node("Cast", [levels], "restored", to=TensorProto.UINT8)
    axis = builder.constant("axis", np.array([1], np.int64))
    parts = {}
    for end, begin, stop in (("y", 0, 4), ("u", 4, 5), ("v", 5, 6)):
        bounds = [builder.constant(f"at{bound}", np.array([bound], np.int64)) for bound in (begin, stop)]
        parts[end] = builder.node("Slice", [restored, *bounds, axis], "y.blocks" if end == "y" else f"{end}.restored")
    builder.node("DepthToSpace", [parts["y"]], "y.restored", blocksize=2, mode="CRD")
    return builder.planar(ENDS, {**facts, "align": str(network.align)})
