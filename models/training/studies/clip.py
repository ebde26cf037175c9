"""Study: what a clipped output in training is worth in int8.

XLSR's paper (arXiv 2105.10288) loses 5 to 7 dB, and brightness, to post-training quantisation of the network with a
linear output, and 0.2 to 0.5 dB with the clipped ReLU. XLSR x3 on luma is trained here both ways, all else alike, and
quantised. Half of what the clip gives in int8 can be had without training: the shipped models store the output in
0..1, where saturation is a clip, whatever range the network would like. So each is measured with that, and with its
output stored in the range it was seen to have, as a converter does that knows nothing of pictures.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..data.pairs import load_pairs
from ..networks.graph import float_model
from ..networks.onnx_builder import LEVEL
from ..quantise.calibrate import calibrate_network, calibration_crops
from ..quantise.fidelity import compare
from ..quantise.ptq import with_biases_corrected
from ..quantise.qat import QatRecipe, qat, quantised_average
from ..quantise.qdq import affine, quantise
from ..train.recipe import Recipe
from .study import Rows, trained

_WAYS = ("PTQ", "PTQ, biases corrected", "QAT")
HEAD = ["output in training", "output stored in", *(f"{way}: {what}" for way in _WAYS for what in ("loses, dB", "luma shift"))]
RECIPE = {"schedule": "triangular", "loss": "charbonnier", "mse_from": 1.0}


def run(data: Path, work: Path, steps: int, **recipe) -> Rows:
    """Train both for `steps` below folder `work` (runs found there go on), quantise, measure on val: rows of a table, HEAD first.

    dB of Y-PSNR; levels of 0..255, int8 less float. Fine-tuning (QAT) takes a tenth of `steps`, with the output in 0..1.
    `recipe` changes what both are trained by (`train.recipe.Recipe`).
    """
    rows = [HEAD]
    for output in ("clip", "linear"):
        rows += _measured(Recipe("xlsr", 3, steps=steps, output=output, **{**RECIPE, **recipe}), data, work / output)
    return rows


def stored_by_own_range(quantised: onnx.ModelProto, last: str, seen: tuple[float, float]) -> onnx.ModelProto:
    """An int8 model whose output, the result of convolution `last`, is stored in the range `seen` before it becomes a picture."""
    model, scale = onnx.ModelProto(), affine(seen)
    model.CopyFrom(quantised)
    for tensor in model.graph.initializer:
        if tensor.name in (f"{last}.scale", f"{last}.zero"):
            value = scale.step if tensor.name.endswith("scale") else np.uint8(scale.zero)
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(value), tensor.name))
    model.graph.initializer.extend([numpy_helper.from_array(np.asarray(LEVEL), "picture.scale"), numpy_helper.from_array(np.uint8(0), "picture.zero")])
    model.graph.node[-1].output[0] = "shuffled.bytes"
    model.graph.node.append(helper.make_node("DequantizeLinear", ["shuffled.bytes", f"{last}.scale", f"{last}.zero"], ["shuffled.value"]))
    model.graph.node.append(helper.make_node("QuantizeLinear", ["shuffled.value", "picture.scale", "picture.zero"], ["output"]))
    onnx.checker.check_model(model)
    return model


def _measured(recipe: Recipe, data: Path, work: Path) -> Rows:
    found = trained(recipe, data, work / "float")
    network, facts = found.network, found.facts
    floats, pairs = float_model(network, facts), load_pairs(data / "val", recipe.scale, recipe.channels, minimum=1)
    crops = calibration_crops(data / "train", recipe.scale, recipe.channels)
    folded, ranges = calibrate_network(network, facts, crops)
    plain = quantise(folded, ranges)
    qat(work / "float", data, work / "qat", QatRecipe(steps=max(recipe.steps // 10, 1), batch=recipe.batch, patch=recipe.patch))
    ways = [plain, with_biases_corrected(plain, folded, crops), quantised_average(work / "qat", facts)]

    last = f"conv{len(network.convs) - 1}"
    rows = []
    for stored, models in (
        ("0 .. 1", ways),
        (f"its range, {ranges[last][0]:.2f} .. {ranges[last][1]:.2f}", [stored_by_own_range(quantised, last, ranges[last]) for quantised in ways]),
    ):
        losses = [compare(floats, quantised, pairs, recipe.scale) for quantised in models]
        rows.append([recipe.output, stored, *(text for one in losses for text in (f"{one.loss:.2f}", f"{one.shift:+.2f}"))])
    return rows
