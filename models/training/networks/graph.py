"""The float ONNX model of a network, written node by node, and the small vocabulary it is written in.

Every model srvid ships that enlarges, float or int8, has one input `input`, uint8 [n, channels, h, w], and one output `output`,
uint8 [n, channels, h*scale, w*scale], with n, h and w free. A float model is its network's checkpoint as well: its
convolutions are the initializers `conv{i}.weight` and `conv{i}.bias` (`warm_start.load_onnx_weights` reads them back), and
its metadata says how it was made (`onnx_reader.facts_of`).
"""

import numpy as np
import onnx
import torch
from onnx import TensorProto

from .convolution import merged
from .lpienet_graph import lpienet_body
from .onnx_builder import LEVEL, GraphBuilder
from .planar_ends import with_planar_ends


def float_model(network: torch.nn.Module, facts: dict[str, str]) -> onnx.ModelProto:
    """The network as published, its blocks merged, as a float32 model with uint8 ends: those of one that restores are planes of 4:2:0 (`planar_ends`)."""
    model = _model(network, facts, _PUBLISHED[network.family])
    return with_planar_ends(model) if getattr(network, "restores", False) else model


def folded_model(network: torch.nn.Module, facts: dict[str, str]) -> onnx.ModelProto:
    """The same function in the convolutions that run, `network.convs`, with one input and one output of all channels: what is quantised."""
    return _model(network, facts, _FOLDED[network.family])


def _model(network: torch.nn.Module, facts: dict[str, str], body) -> onnx.ModelProto:
    builder = GraphBuilder()
    picture = builder.node("Mul", [builder.node("Cast", ["input"], "input.float", to=TensorProto.FLOAT), builder.constant("level", LEVEL)], "normal")
    zero, one = builder.constant("black", np.float32(0)), builder.constant("white", np.float32(1))
    clipped = builder.node("Clip", [body(builder, network, picture), zero, one], "clipped")
    levels = builder.node("Mul", [clipped, builder.constant("levels", np.float32(255))], "output.levels")
    builder.node("Cast", [builder.node("Round", [levels], "output.rounded")], "output", to=TensorProto.UINT8)
    return builder.model(network.scale, network.channels, {**facts, "align": str(network.align)})


def _abpn(builder: GraphBuilder, network: torch.nn.Module, picture: str) -> str:
    enlargement = _conv_last(builder, network, _plain(builder, network, picture))
    # The anchor: each input channel s^2 times in a row, the order in which DepthToSpace CRD (torch's pixel_shuffle)
    # reads one channel's s^2 phases. The TensorFlow original interleaves them the other way (DCR).
    phases = np.repeat(np.arange(network.channels, dtype=np.int64), network.scale**2)
    anchor = builder.node("Gather", [picture, builder.constant("phases", phases)], "anchor", axis=1)
    return _shuffled(builder, network.scale, builder.node("Add", [enlargement, anchor], "sum"))


def _stack(builder: GraphBuilder, network: torch.nn.Module, picture: str) -> str:
    fold, factor = network.fold, network.scale * network.fold
    folded = builder.node("SpaceToDepth", [picture], "folded", blocksize=fold) if fold > 1 else picture
    enlargement = _conv_last(builder, network, (_trunk if network.trunk else _plain)(builder, network, folded))
    if factor == 1:
        return builder.node("Add", [enlargement, picture], "sum")
    # Which of the folded pixels lies below each pixel of a factor x factor block of the result.
    below = np.arange(factor, dtype=np.int64) // network.scale
    anchor = builder.node("Gather", [folded, builder.constant("phases", (below[:, None] * fold + below).reshape(-1))], "anchor", axis=1)
    return _shuffled(builder, factor, builder.node("Add", [enlargement, anchor], "sum"))


def _without_residual(builder: GraphBuilder, network: torch.nn.Module, picture: str) -> str:
    return _shuffled(builder, network.scale, _conv_last(builder, network, _plain(builder, network, picture)))


def _feature_residual(builder: GraphBuilder, network: torch.nn.Module, picture: str) -> str:
    first, *middle, widening = range(len(network.convs) - 1)
    start = _relu(builder, first, _conv(builder, first, picture, network.convs[first]), network.clip_inner)
    tensor = start
    for index in middle:
        tensor = _relu(builder, index, _conv(builder, index, tensor, network.convs[index]), network.clip_inner)
    total = builder.node("Add", [tensor, start], "sum")
    tensor = _relu(builder, widening, _conv(builder, widening, total, network.convs[widening]), network.clip_inner)
    return _shuffled(builder, network.scale, _conv_last(builder, network, tensor))


def _image_residual(builder: GraphBuilder, network: torch.nn.Module, picture: str) -> str:
    enlargement = _shuffled(builder, network.scale, _conv_last(builder, network, _plain(builder, network, picture)))
    factors = builder.constant("factors", np.array([1, 1, network.scale, network.scale], dtype=np.float32))
    larger = builder.node("Resize", [picture, "", factors], "larger", mode="linear", coordinate_transformation_mode="half_pixel")
    return builder.node("Add", [enlargement, larger], "sum")


def _plain(builder: GraphBuilder, network: torch.nn.Module, tensor: str) -> str:
    for index, conv in enumerate(network.convs[:-1]):
        tensor = _relu(builder, index, _conv(builder, index, tensor, conv), network.clip_inner)
    return tensor


def _trunk(builder: GraphBuilder, network: torch.nn.Module, tensor: str) -> str:
    trunk = _conv(builder, 0, tensor, network.convs[0])
    for block, (widening, narrowing) in enumerate(network.blocks):
        wide = _relu(builder, 2 * block + 1, _conv(builder, 2 * block + 1, trunk, widening), network.clip_inner)
        trunk = builder.node("Add", [trunk, _conv(builder, 2 * block + 2, wide, narrowing)], f"trunk{block}")
    return trunk


def _conv_last(builder: GraphBuilder, network: torch.nn.Module, tensor: str) -> str:
    return _conv(builder, len(network.convs) - 1, tensor, network.convs[-1])


def _xlsr(builder: GraphBuilder, network: torch.nn.Module, picture: str) -> str:
    """As published, grouped convolutions and all: a, a5, three times (grouped, 1x1), b1, d1, d2."""
    tensor = picture
    for index, conv in enumerate(network.published[:8]):
        tensor = _conv(builder, index, tensor, conv)
        if index % 2 == 0:
            tensor = _relu(builder, index, tensor, network.clip_inner)
    joined = builder.node("Concat", [tensor, _conv(builder, 8, picture, network.published[8])], "joined", axis=1)
    tensor = _relu(builder, 9, _conv(builder, 9, joined, network.published[9]), network.clip_inner)
    return _shuffled(builder, network.scale, _conv(builder, 10, tensor, network.published[10]))


def _xlsr_folded(builder: GraphBuilder, network: torch.nn.Module, picture: str) -> str:
    tensor = picture
    for index, conv in enumerate(network.convs[:4]):
        tensor = _relu(builder, index, _conv(builder, index, tensor, conv), network.clip_inner)
    side = _relu(builder, 4, _conv(builder, 4, picture, network.convs[4]))
    joined = builder.node("Concat", [tensor, side], "joined", axis=1)
    tensor = _relu(builder, 5, _conv(builder, 5, joined, network.convs[5]), network.clip_inner)
    return _shuffled(builder, network.scale, _conv(builder, 6, tensor, network.convs[6]))


def _conv(builder: GraphBuilder, index: int, tensor: str, conv: torch.nn.Module) -> str:
    name, (kernel, bias) = f"conv{index}", merged(conv)
    weights = [builder.constant(f"{name}.weight", kernel.numpy()), builder.constant(f"{name}.bias", bias.numpy())]
    side = kernel.shape[-1]
    groups = {"group": conv.groups} if getattr(conv, "groups", 1) > 1 else {}
    return builder.node("Conv", [tensor, *weights], name, kernel_shape=[side, side], pads=[side // 2] * 4, **groups)


def _relu(builder: GraphBuilder, index: int, tensor: str, limit: float = 0) -> str:
    if not limit:
        return builder.node("Relu", [tensor], f"relu{index}")
    ends = [builder.constant("least", np.float32(0)), builder.constant("most", np.float32(limit))]
    return builder.node("Clip", [tensor, *ends], f"relu{index}")


def _shuffled(builder: GraphBuilder, factor: int, tensor: str) -> str:
    return builder.node("DepthToSpace", [tensor], "shuffled", blocksize=factor, mode="CRD")


_PLAIN = {"abpn": _abpn, "abpn-none": _without_residual, "abpn-feature": _feature_residual, "abpn-image": _image_residual, "teacher": _abpn, "stack": _stack, "swift": _stack, "best": _stack, "ultra": _stack, "deblock": _stack, "plain": _stack, "lpienet": lpienet_body, "lpienet-small": lpienet_body}
_PUBLISHED = {**_PLAIN, "xlsr": _xlsr}
_FOLDED = {**_PLAIN, "xlsr": _xlsr_folded}
