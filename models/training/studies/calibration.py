"""Study: can calibration cure a network whose output nothing bounds? (XLSR's paper, arXiv 2105.10288, says no.)

The two networks of `studies.clip`, XLSR x3 on luma trained with a linear and with a clipped output, quantised plainly with
ranges by each method over 100 and over 1,000 crops. The linear one's output is stored in the range that calibration
finds, as a converter does that knows nothing of pictures; the clipped one's is 0..1.
"""

from pathlib import Path

from ..data.pairs import load_pairs
from ..networks.graph import float_model
from ..quantise.calibrate import METHODS, calibrate_network, calibration_crops
from ..quantise.fidelity import compare
from ..quantise.qdq import quantise
from ..train.recipe import Recipe
from .clip import RECIPE, stored_by_own_range
from .study import Rows, trained

COUNTS = (100, 1000)


def run(data: Path, work: Path, steps: int, **recipe) -> Rows:
    """Rows of a table, head first; dB that int8 loses on val, and its luma shift in levels of 0..255."""
    rows = [["output in training", "calibration", *(f"{count:,} crops: {what}" for count in COUNTS for what in ("loses, dB", "luma shift"))]]
    for output in ("linear", "clip"):
        found = trained(Recipe("xlsr", 3, steps=steps, output=output, **{**RECIPE, **recipe}), data, work / output / "float")
        network, facts, scale = found.network, found.facts, found.recipe.scale
        floats, last = float_model(network, facts), f"conv{len(network.convs) - 1}"
        pairs = load_pairs(data / "val", scale, found.recipe.channels, minimum=1)
        for method in METHODS:
            row = [output, method]
            for count in COUNTS:
                folded, ranges = calibrate_network(network, facts, calibration_crops(data / "train", scale, found.recipe.channels, count), method)
                quantised = quantise(folded, ranges)
                one = compare(floats, stored_by_own_range(quantised, last, ranges[last]) if output == "linear" else quantised, pairs, scale)
                row += [f"{one.loss:.2f}", f"{one.shift:+.2f}"]
            rows.append(row)
    return rows
