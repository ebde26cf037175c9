"""Ranges of a trunk's tensors, searched for the least squared error of the picture.

A trunk's sums are read and rounded once per block, and few values come near the largest seen. Cutting those off makes the
step of all others finer. Several shares of the range are tried. The share whose int8 picture differs least from the float
network's is taken.
"""

import numpy as np
import onnx

from ..measure.runtime import Session
from ..networks.onnx_reader import trunk_of
from .calibrate import Ranges
from .qdq import quantise

SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)


def search_trunk_ranges(folded: onnx.ModelProto, ranges: Ranges, crops: list[np.ndarray]) -> Ranges:
    """`ranges` with those of the trunk of `folded` cut to the best of `SHARES` over uint8 `crops`; without a trunk as they are."""
    if not trunk_of(folded):
        return ranges
    exact = Session(folded)
    wanted = [exact(crop).astype(np.float32) for crop in crops]

    def error(share: float) -> float:
        candidate = Session(quantise(folded, _cut(folded, ranges, share)))
        return float(np.mean([np.square(candidate(crop) - picture).mean() for crop, picture in zip(crops, wanted)]))

    return _cut(folded, ranges, min(SHARES, key=error))


def _cut(folded: onnx.ModelProto, ranges: Ranges, share: float) -> Ranges:
    trunk = trunk_of(folded)
    return {name: (low * share, high * share) if name in trunk else (low, high) for name, (low, high) in ranges.items()}
