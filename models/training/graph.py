"""The float ONNX model of a network, written node by node, and the small vocabulary it is written in.

Every model srvid ships, float or int8, has one input `input`, uint8 [n, channels, h, w], and one output `output`,
uint8 [n, channels, h*scale, w*scale], with n, h and w free. A float model is its network's checkpoint as well: its
convolutions are the initializers `conv{i}.weight` and `conv{i}.bias` (`train.load_onnx_weights` reads them back), and
its metadata says how it was made (`facts`).
"""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from .networks import merged

OPSET = 17
IR_VERSION = 8
LEVEL = np.float32(1 / 255)
"""One step of an 8-bit picture, for pictures in 0..1."""


class Sketch:
    """Nodes and constants of a graph under construction. Methods that add something return the name of the tensor."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def node(self, kind: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants[name] = np.asarray(value)
        return name

    def model(self, scale: int, channels: int, facts: dict[str, str]) -> onnx.ModelProto:
        """The finished model, checked; the last node must have written `output`."""
        ends = [
            helper.make_tensor_value_info(name, TensorProto.UINT8, ["n", channels, height, width])
            for name, height, width in (("input", "h", "w"), ("output", f"{scale}h", f"{scale}w"))
        ]
        constants = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, facts.get("family", "network"), ends[:1], ends[1:], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="srvid")
        model.ir_version = IR_VERSION
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model)
        return model


def float_model(network: torch.nn.Module, facts: dict[str, str]) -> onnx.ModelProto:
    """The network with its blocks merged, as a float32 model with uint8 ends."""
    sketch = Sketch()
    picture = sketch.node("Mul", [sketch.node("Cast", ["input"], "input.float", to=TensorProto.FLOAT), sketch.constant("level", LEVEL)], "normal")
    shuffled = _BODIES[network.family](sketch, network, picture)
    clipped = sketch.node("Clip", [shuffled, sketch.constant("black", np.float32(0)), sketch.constant("white", np.float32(1))], "clipped")
    levels = sketch.node("Mul", [clipped, sketch.constant("levels", np.float32(255))], "output.levels")
    sketch.node("Cast", [sketch.node("Round", [levels], "output.rounded")], "output", to=TensorProto.UINT8)
    return sketch.model(network.scale, network.channels, facts)


def facts_of(model: onnx.ModelProto) -> dict[str, str]:
    """What a model says about itself."""
    return {entry.key: entry.value for entry in model.metadata_props}


def constants_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def _abpn(sketch: Sketch, network: torch.nn.Module, picture: str) -> str:
    tensor, convs = picture, merged(network)
    for index, (kernel, bias) in enumerate(convs):
        tensor = _conv(sketch, index, tensor, kernel, bias)
        if index + 1 < len(convs):
            tensor = sketch.node("Relu", [tensor], f"relu{index}")
    # The anchor: each input channel s^2 times in a row, the order in which DepthToSpace CRD (torch's pixel_shuffle)
    # reads one channel's s^2 phases. The TensorFlow original interleaves them the other way (DCR).
    phases = np.repeat(np.arange(network.channels, dtype=np.int64), network.scale**2)
    anchor = sketch.node("Gather", [picture, sketch.constant("phases", phases)], "anchor", axis=1)
    total = sketch.node("Add", [tensor, anchor], "sum")
    return sketch.node("DepthToSpace", [total], "shuffled", blocksize=network.scale, mode="CRD")


def _conv(sketch: Sketch, index: int, tensor: str, kernel: torch.Tensor, bias: torch.Tensor) -> str:
    name = f"conv{index}"
    weights = [sketch.constant(f"{name}.weight", kernel.numpy()), sketch.constant(f"{name}.bias", bias.numpy())]
    side = kernel.shape[-1]
    return sketch.node("Conv", [tensor, *weights], name, kernel_shape=[side, side], pads=[side // 2] * 4)


_BODIES = {"abpn": _abpn}
