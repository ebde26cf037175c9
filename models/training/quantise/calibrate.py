"""The range of each tensor of a float model over real pictures, from which the 8-bit scales follow.

Three ways to read a range off what was seen: MinMax keeps everything; percentile cuts the rarest values; entropy
(TensorRT's, Migacz 2017) chooses the cut whose 8-bit histogram tells least lies (Kullback-Leibler) about the real one.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper
from PIL import Image

from ..data.pictures import degrade, image_files, planes
from ..measure.runtime import Session
from ..networks.graph import folded_model
from ..networks.onnx_reader import is_relu

METHODS = ("minmax", "percentile", "entropy")
PERCENTILE = 99.99
"""The share of the values, in percent, that the method "percentile" keeps."""
Ranges = dict[str, tuple[float, float]]
"""Lowest and highest value to be told apart, by tensor name."""
_BINS = 2048


def calibration_crops(folder: Path, scale: int, channels: int, count: int = 100, size: int = 96, seed: int = 7) -> list[np.ndarray]:
    """`count` low-resolution crops, uint8 [channels, size, size], spread over the photographs below `folder`."""
    random = np.random.default_rng(seed)
    files = image_files(folder)
    crops: list[np.ndarray] = []
    for index in random.permutation(max(len(files), count))[:count] % len(files):
        with Image.open(files[index]) as opened:
            low = planes(degrade(opened.convert("RGB"), scale)[0], channels)
        side = min(size, *low.shape[1:])
        top, left = (random.integers(extent - side + 1) for extent in low.shape[1:])
        crops.append(low[:, top : top + side, left : left + side])
    return crops


def calibrate_network(network: torch.nn.Module, facts: dict[str, str], crops: list[np.ndarray], method: str = "minmax", percentile: float = PERCENTILE) -> tuple[onnx.ModelProto, Ranges]:
    """The model that is to be quantised and its ranges.

    What of `network` has to fit the ranges (`settle`) is set by them first, and stays so: the two belong together.
    """
    folded = folded_model(network, facts)
    ranges = calibrate(folded, crops, method, percentile)
    if network.settle(ranges):
        folded = folded_model(network, facts)
        ranges = calibrate(folded, crops, method, percentile)
    return folded, ranges


def calibrate(model: onnx.ModelProto, crops: list[np.ndarray], method: str = "minmax", percentile: float = PERCENTILE) -> Ranges:
    """The range of every tensor that holds new values, by `method` over `crops`."""
    session = _observer(model)
    extremes = _extremes(session, crops)
    if method == "minmax":
        return extremes
    histograms = _histograms(session, crops, {name: max(-low, high) for name, (low, high) in extremes.items()})
    ranges = {}
    for name, (low, high) in extremes.items():
        largest = max(-low, high)
        share = _entropy_share(histograms[name]) if method == "entropy" else _percentile_share(histograms[name], percentile)
        ranges[name] = (max(low, -largest * share), min(high, largest * share))
    return ranges


def observe(model: onnx.ModelProto, pictures: list[np.ndarray]) -> dict[str, np.ndarray]:
    """All values over `pictures` of every tensor that is stored in 8 bits (not of those a ReLU follows at once), flat."""
    relu = {node.input[0] for node in model.graph.node if is_relu(node)}
    session = _observer(model)
    seen: dict[str, list[np.ndarray]] = {name: [] for name in session.outputs[1:] if name not in relu}
    for picture in pictures:
        for name, tensor in zip(session.outputs[1:], session.observe(picture)[1:]):
            if name in seen:
                seen[name].append(tensor.ravel())
    return {name: np.concatenate(values) for name, values in seen.items()}


def _observer(model: onnx.ModelProto) -> Session:
    observed = onnx.ModelProto()
    observed.CopyFrom(model)
    for node in model.graph.node:
        if node.op_type in ("Conv", "Add", "Resize") or is_relu(node):  # The others only move bytes, or begin or end a picture.
            observed.graph.output.append(helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None))
    return Session(observed)


def _extremes(session: Session, crops: list[np.ndarray]) -> Ranges:
    ranges: Ranges = {}
    for crop in crops:
        for name, tensor in zip(session.outputs[1:], session.observe(crop)[1:]):
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = (min(low, float(tensor.min())), max(high, float(tensor.max())))
    return ranges


def _histograms(session: Session, crops: list[np.ndarray], largest: dict[str, float]) -> dict[str, np.ndarray]:
    """Histogram of the magnitudes of each tensor, in _BINS bins from 0 to the largest."""
    counts = {name: np.zeros(_BINS) for name in largest}
    for crop in crops:
        for name, tensor in zip(session.outputs[1:], session.observe(crop)[1:]):
            bins = (np.abs(tensor).ravel() * np.float32(_BINS / (largest[name] or 1.0))).astype(np.int32)
            counts[name] += np.bincount(np.minimum(bins, _BINS - 1), minlength=_BINS)
    return counts


def _percentile_share(histogram: np.ndarray, percentile: float) -> float:
    return (int(np.searchsorted(np.cumsum(histogram), histogram.sum() * percentile / 100)) + 1) / _BINS


def _entropy_share(histogram: np.ndarray, levels: int = 128) -> float:
    # Zeros of a ReLU carry no information about where to cut, and would drown everything else.
    seen = histogram.copy()
    seen[0] = 0
    losses = {kept: _divergence(seen, kept, levels) for kept in range(levels, _BINS + 1, 16)}
    return min(losses, key=losses.__getitem__) / _BINS


def _divergence(histogram: np.ndarray, kept: int, levels: int) -> float:
    """Kullback-Leibler divergence of the histogram cut at `kept` bins from the same in `levels` steps."""
    real = histogram[:kept].copy()
    real[-1] += histogram[kept:].sum()
    if real.sum() == 0:
        return float("inf")
    step = np.arange(kept) * levels // kept
    occupied = histogram[:kept] > 0
    share = np.bincount(step, histogram[:kept], levels) / np.maximum(np.bincount(step, occupied, levels), 1)
    coarse = np.where(occupied, share[step], 0)
    real, coarse = (np.maximum(h / max(h.sum(), 1), 1e-9) for h in (real, coarse))
    return float(np.sum(real * np.log(real / coarse)))
