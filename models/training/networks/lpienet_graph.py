"""The body of LPIENet's ONNX graph. The convolutions are the initializers `conv{i}.weight` and `conv{i}.bias`, in the order of the network's `published`."""

import numpy as np
import torch

from .attention import Attention
from .convolution import merged
from .lpienet import InvertedResidual, Lpienet, Stage
from .onnx_builder import GraphBuilder


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


def lpienet_body(builder: GraphBuilder, network: Lpienet, picture: str) -> str:
    """Writes the network; the restored picture before it is clipped."""
    writer = _Writer(builder)
    first, second, third, fourth, fifth = network.stages
    full = writer.stage(first, picture)
    half = writer.stage(second, writer.pooled(full))
    quarter = writer.stage(third, writer.pooled(half))
    joined = writer.stage(fourth, writer.joined(quarter, half))
    residual = writer.conv(network.tail, writer.stage(fifth, writer.joined(joined, full)))
    return builder.node("Add", [residual, picture], "sum")
