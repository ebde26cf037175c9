"""The ends of a network that restores 4:2:0 video: three inputs `y`, `u`, `v` and three outputs of the same shapes, `y.restored`, `u.restored`, `v.restored`.

All are uint8: Y [n, 1, h, w], U and V [n, 1, h/2, w/2], with n, h and w free, h and w multiples of the network's `align`. Nothing but bytes is moved, so
int8 models have the same ends as float ones.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ENDS = ("y", "u", "v")
CHANNELS = {"y": (0, 4), "u": (4, 5), "v": (5, 6)}
"""The channels of the folded picture (`networks.planes`) that are each plane."""


def with_planar_ends(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model of `PLANES` channels, folded, with the planes of 4:2:0 as its ends."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph, sides = result.graph, {end: ("h", "w") if end == "y" else ("h/2", "w/2") for end in ENDS}
    before = [
        helper.make_node("SpaceToDepth", ["y"], ["y.folded"], name="y.folded", blocksize=2),
        helper.make_node("Concat", ["y.folded", "u", "v"], ["input"], name="input", axis=1),
    ]
    after, constants = [], {"planes.axis": 1}
    for end, bounds in CHANNELS.items():
        constants |= {f"planes.{bound}": bound for bound in bounds}
        part = "y.blocks" if end == "y" else f"{end}.restored"
        after.append(helper.make_node("Slice", ["output", *(f"planes.{bound}" for bound in bounds), "planes.axis"], [part], name=part))
    after.append(helper.make_node("DepthToSpace", ["y.blocks"], ["y.restored"], name="y.restored", blocksize=2, mode="CRD"))
    nodes = [*before, *graph.node, *after]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(np.array([value], np.int64), name) for name, value in constants.items())
    for ends, suffix in ((graph.input, ""), (graph.output, ".restored")):
        ends.extend(helper.make_tensor_value_info(f"{end}{suffix}", TensorProto.UINT8, ["n", 1, *sides[end]]) for end in ENDS)
    onnx.checker.check_model(result)
    return result
