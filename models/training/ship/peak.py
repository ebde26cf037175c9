"""The network that `srvid bench` measures a machine's int8 peak with: large convolutions, as fast as ONNX Runtime has them."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 128
LAYERS = 4
MACS_PER_PIXEL = 9 * (LAYERS * CHANNELS**2 + 2 * CHANNELS)
"""128 channels to 128, 3x3, four times, and one to 128 and back at the ends so that it reads and writes luma."""


def write(path: Path) -> None:
    """Writes the network: uint8 NCHW [1,1,h,w] in and out, every QLinearConv with int8 weights of zero point 0."""
    initializers = [numpy_helper.from_array(np.float32(1 / 255), "scale"), numpy_helper.from_array(np.uint8(0), "zero")]
    nodes = []

    def convolve(index: int, source: str, target: str, channels_in: int, channels_out: int) -> None:
        # The speed does not depend on what the weights are; a pattern packs well.
        weights = (np.arange(channels_out * channels_in * 9) % 7 - 3).astype(np.int8).reshape(channels_out, channels_in, 3, 3)
        named = {f"w{index}": weights, f"ws{index}": np.float32(1 / (9 * channels_in)), f"wz{index}": np.int8(0)}
        initializers.extend(numpy_helper.from_array(value, name) for name, value in named.items())
        inputs = [source, "scale", "zero", *named, "scale", "zero"]
        nodes.append(helper.make_node("QLinearConv", inputs, [target], pads=[1, 1, 1, 1], kernel_shape=[3, 3]))

    convolve(0, "input", "a0", 1, CHANNELS)
    for layer in range(LAYERS):
        convolve(layer + 1, f"a{layer}", f"a{layer + 1}", CHANNELS, CHANNELS)
    convolve(LAYERS + 1, f"a{LAYERS}", "output", CHANNELS, 1)
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, [1, 1, "h", "w"]) for name in ("input", "output")]
    graph = helper.make_graph(nodes, "int8-peak", ends[:1], ends[1:], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
