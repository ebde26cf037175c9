"""GPTQ: kernels rounded as a whole, each weight's rounding error compensated by the weights that are rounded after it.

Rounding each weight to the nearest step is best for inputs that have nothing to do with each other; neighbouring pixels and the
channels of one network do. Frantar et al. 2022, GPTQ, arXiv 2210.17323 (the solution of Hassibi et al. 1993 for weights
that may take whole steps only): weights are rounded in the order of how strong their inputs are, and the error of each is spread
over those still to come by the inverse of the inputs' second moments.
"""

import numpy as np
import onnx
from numpy.lib.stride_tricks import sliding_window_view
from onnx import numpy_helper

from ..measure.runtime import observing
from ..networks.onnx_reader import constants_of

DAMPING = 0.01
"""Share of the inputs' mean square that is added to each input's own. Without it, hardly used inputs would take all of the others' errors."""


def with_kernels_rounded(quantised: onnx.ModelProto, floats: onnx.ModelProto, crops: list[np.ndarray]) -> onnx.ModelProto:
    """The int8 model `quantised` with the kernels of the float model it was made of rounded by what each convolution reads over uint8 `crops`."""
    rounded = onnx.ModelProto()
    rounded.CopyFrom(quantised)
    kernels, steps = constants_of(floats), constants_of(quantised)
    tensors = {tensor.name: tensor for tensor in rounded.graph.initializer}
    # One after the other: what is rounded in one convolution is what the next one reads.
    for conv in [node for node in quantised.graph.node if node.op_type == "Conv"]:
        name = conv.input[1].removesuffix(".value")
        kernel = kernels[name] / steps[f"{name}.scale"][:, None, None, None]
        groups = next((attribute.i for attribute in conv.attribute if attribute.name == "group"), 1)
        moments = _moments(rounded, conv.input[0], kernel.shape[2:], groups, crops)
        parts = [rounded_to_steps(part.reshape(len(part), -1), moment) for part, moment in zip(np.split(kernel, groups), moments)]
        tensors[name].CopyFrom(numpy_helper.from_array(np.concatenate(parts).reshape(kernel.shape).astype(np.int8), name))
    return rounded


def rounded_to_steps(weights: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """`weights` [outputs, inputs], in steps, rounded to -127..127 for inputs of second moments `moments` [inputs, inputs]."""
    order = np.argsort(-np.diag(moments), kind="stable")
    damped = moments[np.ix_(order, order)] + DAMPING * np.mean(np.diag(moments)) * np.eye(len(moments)) + 1e-12 * np.eye(len(moments))
    spread = np.linalg.cholesky(np.linalg.inv(damped)).T
    left, result = weights[:, order].astype(np.float64), np.empty(weights.shape)
    for column in range(len(order)):
        nearest = np.clip(np.rint(left[:, column]), -127, 127)
        error = (left[:, column] - nearest) / spread[column, column]
        left[:, column + 1 :] -= error[:, None] * spread[column, column + 1 :]
        result[:, order[column]] = nearest
    return result


def _moments(model: onnx.ModelProto, tensor: str, sides: tuple[int, int], groups: int, crops: list[np.ndarray]) -> np.ndarray:
    """Sum over `crops` of the products of the values that each kernel weight meets: float64 [groups, inputs, inputs] of one group."""
    session = observing(model, tensor)
    total: np.ndarray | float = 0.0
    for crop in crops:
        seen = session.observe(crop)[-1][0].astype(np.float64)
        seen = np.pad(seen, ((0, 0), *((side // 2, side // 2) for side in sides)))
        windows = sliding_window_view(seen, sides, axis=(1, 2)).transpose(0, 3, 4, 1, 2)
        met = np.ascontiguousarray(windows).reshape(groups, -1, windows.shape[3] * windows.shape[4])
        total = total + met @ met.transpose(0, 2, 1)
    return total
