"""Post-training quantisation in one call: ranges over real crops, kernels rounded for them (`gptq`), and biases that make up for the rest.

Rounded weights times inputs that are mostly positive move the mean of a channel. An anchor hides that; in a network
that has none (XLSR) it is seen as a change of brightness. Each bias takes back what its convolution's mean was moved
by (Nagel et al. 2019, arXiv 1906.04721, section 4.2, with means over crops in place of batch statistics).
"""

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from ..measure.runtime import observing
from ..networks.onnx_reader import constants_of
from .calibrate import PERCENTILE, calibrate_network
from .gptq import with_kernels_rounded
from .qdq import quantise
from .trunk_ranges import search_trunk_ranges


def post_training(network: torch.nn.Module, facts: dict[str, str], crops: list[np.ndarray], method: str = "minmax", percentile: float = PERCENTILE) -> onnx.ModelProto:
    """The int8 model of a trained network, not yet lowered; its `facts` say how it was made."""
    folded, ranges = calibrate_network(network, facts, crops, method, percentile)
    ranges = search_trunk_ranges(folded, ranges, crops)
    made = {"quantisation": "ptq", "kernels": "gptq", "biases": "corrected", "calibration": f"{method}{f' {percentile:g}' if method == 'percentile' else ''}, {len(crops)} crops"}
    return with_biases_corrected(with_kernels_rounded(quantise(folded, ranges, made), folded, crops), folded, crops)


def with_biases_corrected(quantised: onnx.ModelProto, floats: onnx.ModelProto, crops: list[np.ndarray]) -> onnx.ModelProto:
    """`quantised` with the mean over `crops` of every channel of every `conv{i}` as in `floats`, of which it was made."""
    corrected = onnx.ModelProto()
    corrected.CopyFrom(quantised)
    steps = constants_of(quantised)
    # One after the other: what is corrected in one convolution is what the next one reads.
    for name in [node.output[0] for node in quantised.graph.node if node.op_type == "Conv"]:
        moved = _channel_means(corrected, name, crops) - _channel_means(floats, name, crops)
        bias = next(tensor for tensor in corrected.graph.initializer if tensor.name == f"{name}.bias")
        back = numpy_helper.to_array(bias) - np.rint(moved / steps[f"{name}.bias.scale"])
        bias.CopyFrom(numpy_helper.from_array(np.clip(back, -(2**31), 2**31 - 1).astype(np.int32), bias.name))
    return corrected


def _channel_means(model: onnx.ModelProto, name: str, crops: list[np.ndarray]) -> np.ndarray:
    """Mean of each channel of tensor `name` over all pixels of `crops`, float64 [channels]."""
    session = observing(model, name)
    totals = [session.observe(crop)[-1].sum((0, 2, 3), dtype=np.float64) for crop in crops]
    return np.sum(totals, axis=0) / sum(crop[0].size for crop in crops)
