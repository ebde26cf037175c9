"""The float ONNX model of a network, written node by node, and the small vocabulary it is written in.

Every model srvid ships, float or int8, has one input `input`, uint8 [n, channels, h, w], and one output `output`,
uint8 [n, channels, h*scale, w*scale], with n, h and w free. A float model is its network's checkpoint as well: its
convolutions are the initializers `conv{i}.weight` and `conv{i}.bias` (`carry.load_onnx_weights` reads them back), and
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
    """The network as published, its blocks merged, as a float32 model with uint8 ends."""
    return _model(network, facts, _PUBLISHED[network.family])


def folded_model(network: torch.nn.Module, facts: dict[str, str]) -> onnx.ModelProto:
    """The same function in the convolutions that run, `network.convs`: what is quantised."""
    return _model(network, facts, _FOLDED[network.family])


def facts_of(model: onnx.ModelProto) -> dict[str, str]:
    """What a model says about itself."""
    return {entry.key: entry.value for entry in model.metadata_props}


def constants_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def is_rectifier(node: onnx.NodeProto) -> bool:
    """Whether a node is a ReLU, clipped or not. (The Clip that ends a picture reads what was shuffled.)"""
    return node.op_type == "Relu" or (node.op_type == "Clip" and node.input[0].startswith("conv"))


def trunk_of(model: onnx.ModelProto) -> set[str]:
    """The tensors of a trunk: what linear convolutions add up, and the sums."""
    linear = {node.output[0] for node in model.graph.node if node.op_type in ("Conv", "Add")}
    sums = [node for node in model.graph.node if node.op_type == "Add" and linear.issuperset(node.input)]
    return {name for node in sums for name in (*node.input, *node.output)}


def _model(network: torch.nn.Module, facts: dict[str, str], body) -> onnx.ModelProto:
    sketch = Sketch()
    picture = sketch.node("Mul", [sketch.node("Cast", ["input"], "input.float", to=TensorProto.FLOAT), sketch.constant("level", LEVEL)], "normal")
    zero, one = sketch.constant("black", np.float32(0)), sketch.constant("white", np.float32(1))
    clipped = sketch.node("Clip", [body(sketch, network, picture), zero, one], "clipped")
    levels = sketch.node("Mul", [clipped, sketch.constant("levels", np.float32(255))], "output.levels")
    sketch.node("Cast", [sketch.node("Round", [levels], "output.rounded")], "output", to=TensorProto.UINT8)
    return sketch.model(network.scale, network.channels, {**facts, "align": str(network.align)})


def _abpn(sketch: Sketch, network: torch.nn.Module, picture: str) -> str:
    enlargement = _conv_last(sketch, network, _plain(sketch, network, picture))
    # The anchor: each input channel s^2 times in a row, the order in which DepthToSpace CRD (torch's pixel_shuffle)
    # reads one channel's s^2 phases. The TensorFlow original interleaves them the other way (DCR).
    phases = np.repeat(np.arange(network.channels, dtype=np.int64), network.scale**2)
    anchor = sketch.node("Gather", [picture, sketch.constant("phases", phases)], "anchor", axis=1)
    return _shuffled(sketch, network.scale, sketch.node("Add", [enlargement, anchor], "sum"))


def _stack(sketch: Sketch, network: torch.nn.Module, picture: str) -> str:
    fold, factor = network.fold, network.scale * network.fold
    folded = sketch.node("SpaceToDepth", [picture], "folded", blocksize=fold) if fold > 1 else picture
    enlargement = _conv_last(sketch, network, (_trunk if network.trunk else _plain)(sketch, network, folded))
    # Which of the folded pixels lies below each pixel of a factor x factor block of the result.
    below = np.arange(factor, dtype=np.int64) // network.scale
    anchor = sketch.node("Gather", [folded, sketch.constant("phases", (below[:, None] * fold + below).reshape(-1))], "anchor", axis=1)
    return _shuffled(sketch, factor, sketch.node("Add", [enlargement, anchor], "sum"))


def _without_residual(sketch: Sketch, network: torch.nn.Module, picture: str) -> str:
    return _shuffled(sketch, network.scale, _conv_last(sketch, network, _plain(sketch, network, picture)))


def _feature_residual(sketch: Sketch, network: torch.nn.Module, picture: str) -> str:
    first, *middle, widening = range(len(network.convs) - 1)
    start = _rectified(sketch, first, _conv(sketch, first, picture, network.convs[first]), network.clip_inner)
    tensor = start
    for index in middle:
        tensor = _rectified(sketch, index, _conv(sketch, index, tensor, network.convs[index]), network.clip_inner)
    total = sketch.node("Add", [tensor, start], "sum")
    tensor = _rectified(sketch, widening, _conv(sketch, widening, total, network.convs[widening]), network.clip_inner)
    return _shuffled(sketch, network.scale, _conv_last(sketch, network, tensor))


def _image_residual(sketch: Sketch, network: torch.nn.Module, picture: str) -> str:
    enlargement = _shuffled(sketch, network.scale, _conv_last(sketch, network, _plain(sketch, network, picture)))
    factors = sketch.constant("factors", np.array([1, 1, network.scale, network.scale], dtype=np.float32))
    larger = sketch.node("Resize", [picture, "", factors], "larger", mode="linear", coordinate_transformation_mode="half_pixel")
    return sketch.node("Add", [enlargement, larger], "sum")


def _plain(sketch: Sketch, network: torch.nn.Module, tensor: str) -> str:
    for index, conv in enumerate(network.convs[:-1]):
        tensor = _rectified(sketch, index, _conv(sketch, index, tensor, conv), network.clip_inner)
    return tensor


def _trunk(sketch: Sketch, network: torch.nn.Module, tensor: str) -> str:
    trunk = _conv(sketch, 0, tensor, network.convs[0])
    for block, (widening, narrowing) in enumerate(network.blocks):
        wide = _rectified(sketch, 2 * block + 1, _conv(sketch, 2 * block + 1, trunk, widening), network.clip_inner)
        trunk = sketch.node("Add", [trunk, _conv(sketch, 2 * block + 2, wide, narrowing)], f"trunk{block}")
    return trunk


def _conv_last(sketch: Sketch, network: torch.nn.Module, tensor: str) -> str:
    return _conv(sketch, len(network.convs) - 1, tensor, network.convs[-1])


def _xlsr(sketch: Sketch, network: torch.nn.Module, picture: str) -> str:
    """As published, grouped convolutions and all: a, a5, three times (grouped, 1x1), b1, d1, d2."""
    tensor = picture
    for index, conv in enumerate(network.published[:8]):
        tensor = _conv(sketch, index, tensor, conv)
        if index % 2 == 0:
            tensor = _rectified(sketch, index, tensor, network.clip_inner)
    joined = sketch.node("Concat", [tensor, _conv(sketch, 8, picture, network.published[8])], "joined", axis=1)
    tensor = _rectified(sketch, 9, _conv(sketch, 9, joined, network.published[9]), network.clip_inner)
    return _shuffled(sketch, network.scale, _conv(sketch, 10, tensor, network.published[10]))


def _xlsr_folded(sketch: Sketch, network: torch.nn.Module, picture: str) -> str:
    tensor = picture
    for index, conv in enumerate(network.convs[:4]):
        tensor = _rectified(sketch, index, _conv(sketch, index, tensor, conv), network.clip_inner)
    side = _rectified(sketch, 4, _conv(sketch, 4, picture, network.convs[4]))
    joined = sketch.node("Concat", [tensor, side], "joined", axis=1)
    tensor = _rectified(sketch, 5, _conv(sketch, 5, joined, network.convs[5]), network.clip_inner)
    return _shuffled(sketch, network.scale, _conv(sketch, 6, tensor, network.convs[6]))


def _conv(sketch: Sketch, index: int, tensor: str, conv: torch.nn.Module) -> str:
    name, (kernel, bias) = f"conv{index}", merged(conv)
    weights = [sketch.constant(f"{name}.weight", kernel.numpy()), sketch.constant(f"{name}.bias", bias.numpy())]
    side = kernel.shape[-1]
    groups = {"group": conv.groups} if getattr(conv, "groups", 1) > 1 else {}
    return sketch.node("Conv", [tensor, *weights], name, kernel_shape=[side, side], pads=[side // 2] * 4, **groups)


def _rectified(sketch: Sketch, index: int, tensor: str, limit: float = 0) -> str:
    if not limit:
        return sketch.node("Relu", [tensor], f"relu{index}")
    ends = [sketch.constant("least", np.float32(0)), sketch.constant("most", np.float32(limit))]
    return sketch.node("Clip", [tensor, *ends], f"relu{index}")


def _shuffled(sketch: Sketch, factor: int, tensor: str) -> str:
    return sketch.node("DepthToSpace", [tensor], "shuffled", blocksize=factor, mode="CRD")


_PLAIN = {"abpn": _abpn, "abpn-none": _without_residual, "abpn-feature": _feature_residual, "abpn-image": _image_residual, "teacher": _abpn, "stack": _stack, "swift": _stack, "best": _stack}
_PUBLISHED = {**_PLAIN, "xlsr": _xlsr}
_FOLDED = {**_PLAIN, "xlsr": _xlsr_folded}
