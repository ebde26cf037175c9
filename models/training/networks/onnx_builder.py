"""A builder of ONNX graphs with the one input and the one output that every model of srvid has.

Input `input` is uint8 [n, channels, h, w], output `output` is uint8 [n, channels, h*scale, w*scale], with n, h and w free.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17

IR_VERSION = 8

LEVEL = np.float32(1 / 255)
"""One step of an 8-bit picture, for pictures in 0..1."""


class GraphBuilder:
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
        return self.finished(ends[:1], ends[1:], facts)

    def finished(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], facts: dict[str, str]) -> onnx.ModelProto:
        """The finished model of a graph with ends of its own, checked."""
        constants = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, facts.get("family", "network"), inputs, outputs, constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="srvid")
        model.ir_version = IR_VERSION
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model)
        return model
