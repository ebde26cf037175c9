"""Metadata, constants and parts of an ONNX model that `graph` wrote."""

import numpy as np
import onnx
from onnx import numpy_helper


def facts_of(model: onnx.ModelProto) -> dict[str, str]:
    """Metadata of a model: family, scale, planes, and the facts about its making."""
    return {entry.key: entry.value for entry in model.metadata_props}


def constants_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Initializers of a model, by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def is_relu(node: onnx.NodeProto) -> bool:
    """True for a ReLU, clipped or not. (The Clip that ends a picture reads what was shuffled.)"""
    return node.op_type == "Relu" or (node.op_type == "Clip" and node.input[0].startswith("conv"))


def trunk_of(model: onnx.ModelProto) -> set[str]:
    """The tensors of a trunk: what linear convolutions add up, and the sums."""
    linear = {node.output[0] for node in model.graph.node if node.op_type in ("Conv", "Add")}
    sums = [node for node in model.graph.node if node.op_type == "Add" and linear.issuperset(node.input)]
    return {name for node in sums for name in (*node.input, *node.output)}
