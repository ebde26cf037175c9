"""Fidelity of an int8 model to its float network: measured before the export, and refused below a limit.

A network whose activations nothing bounds loses 5 to 7 dB in 8 bits and looks dark, and no test of shapes or types
would notice. So every int8 model is compared with its float network on pictures neither has learnt from.
"""

from dataclasses import dataclass

import numpy as np
import onnx

from ..data.pairs import Pair
from ..measure.evaluate import y_plane
from ..measure.metrics import psnr
from ..measure.runtime import Session
from ..networks.onnx_reader import constants_of
from .calibrate import observe

MOST_SHIFT = 0.3
"""Greatest shift of mean luma that is accepted, in levels of 0..255."""
MOST_LOSS = 0.15
"""Greatest loss of Y-PSNR that is accepted, in dB."""


class Refused(Exception):
    """The int8 model is not good enough to be written."""


@dataclass(frozen=True)
class Comparison:
    """int8 against float, means over the same pictures."""

    shift: float
    """Mean luma of int8 less that of float, in levels."""
    loss: float
    """Y-PSNR of float less that of int8, in dB."""


def compare(floats: onnx.ModelProto, quantised: onnx.ModelProto, pairs: list[Pair], scale: int) -> Comparison:
    """Mean difference in luma and in Y-PSNR between a float model and its int8 model over `pairs`."""
    networks, shifts, losses = (Session(floats), Session(quantised)), [], []
    for pair in pairs:
        truth = y_plane(pair.high)
        first, second = (y_plane(network(pair.low)) for network in networks)
        shifts.append(np.mean(second) - np.mean(first))
        losses.append(min(psnr(first, truth, scale), 100.0) - min(psnr(second, truth, scale), 100.0))
    return Comparison(float(np.mean(shifts)), float(np.mean(losses)))


def layer_report(floats: onnx.ModelProto, quantised: onnx.ModelProto, pairs: list[Pair]) -> list[dict]:
    """Per stored tensor: the range its 8 bits cover, the share of it that all but 0.1 % of the values use, the share cut off."""
    report, constants = [], constants_of(quantised)
    for name, values in observe(floats, [pair.low for pair in pairs[:8]]).items():
        step, zero = float(constants[f"{name}.scale"]), int(constants[f"{name}.zero"])
        low, high = -zero * step, (255 - zero) * step
        inner = np.clip(np.quantile(values, (0.0005, 0.9995)), low, high)
        cut = np.mean((values < low - step / 2) | (values > high + step / 2))
        report.append({"tensor": name, "low": low, "high": high, "used": float(inner[1] - inner[0]) / (high - low), "saturated": float(cut)})
    return report


def require_fidelity(name: str, found: Comparison, layers: list[dict]) -> None:
    """@raises Refused, with the figures and what to do, unless both limits are kept."""
    if abs(found.shift) <= MOST_SHIFT and found.loss <= MOST_LOSS:
        return
    worst = min(layers, key=lambda layer: layer["used"], default=None)
    hint = f" Least of its range is used by {worst['tensor']} ({worst['used']:.0%} of {worst['low']:.3g}..{worst['high']:.3g})." if worst else ""
    raise Refused(
        f"{name} is not written: in int8 its mean luma shifts by {found.shift:+.2f} levels (limit {MOST_SHIFT}) and its Y-PSNR falls by "
        f"{found.loss:.2f} dB (limit {MOST_LOSS}) against its own float network.{hint} Use --calibration minmax if another was chosen; "
        f"else fine-tune with `python -m training qat` and export with --qat; if the network's output is not bounded in training "
        f"(anchor and clip, or clipped ReLU), bound it and train again: calibration does not cure that."
    )
