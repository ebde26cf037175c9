"""PCSR's bundle of models run in ONNX Runtime, pixel by pixel as the program does it: an independent reference of it, and the means to measure it.

The first layer of a head is done here, in floats or, for int8 models, in the program's integers (`_Activations`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from ..data.places import cell, nearest_and_places
from .runtime import Session

PARTS = ("backbone", "light", "heavy", "place")
"""The models of a bundle, files `pcsr-<part>-<precision>.onnx`."""
HEADS = ("light", "heavy")
FRACTION = 64
"""Parts of an activation's step that places count in."""
BAND = 1 << 16
"""Pixels of the enlargement that are made in one go."""
PATCH = 16
"""Side of the piece of picture whose multiplications the costs of the heads are compared on."""
ALL_HEAVY, ALL_LIGHT = -25.0, 25.0
"""Values of k that leave nothing to choose."""
ROUNDS = 20


@dataclass(frozen=True)
class Enlarged:
    """An enlargement, uint8 [H, W]; and for each pixel whether the heavy head made it, bool, and the probability that it should have, float32."""

    picture: np.ndarray
    heavy: np.ndarray
    probability: np.ndarray


class Bundle:
    """The models of one precision, by the names in `PARTS`."""

    def __init__(self, models: dict[str, onnx.ModelProto | str]):
        self._sessions = {name: Session(model) for name, model in models.items()}
        self._steps: np.ndarray | None = None

    @staticmethod
    def of(folder: Path, precision: str) -> "Bundle":
        """The bundle of files in `folder`."""
        return Bundle({part: str(folder / f"pcsr-{part}-{precision}.onnx") for part in PARTS})

    def enlarge(self, low: np.ndarray, size: tuple[int, int], k: float | str = 0.0, refine: bool = False) -> Enlarged:
        """Luma, uint8 [h, w], at `size` (H, W). `k` is the weight of the costs in the decision, or "adaptive"; `refine` smooths light pixels beside heavy ones."""
        state = self.prepare(low, size)
        probability = state.probability()
        heavy = chosen(probability, self._costs(low.shape, size), k)
        picture = state.base.copy()
        for name, mask in zip(HEADS, (~heavy, heavy)):
            rows, columns = np.nonzero(mask)
            for begin in range(0, len(rows), BAND):
                part = slice(begin, begin + BAND)
                picture[rows[part], columns[part]] += self._residual(name, state.activation(name, rows[part], columns[part]))
        if refine:
            picture = refined(picture, heavy)
        return Enlarged(np.clip(np.floor(picture + 0.5), 0, 255).astype(np.uint8), heavy, probability)

    def prepare(self, low: np.ndarray, size: tuple[int, int]) -> "_Activations":
        """Backbone and places run; what a head reads can be asked for."""
        (rows, y), (columns, x) = (nearest_and_places(*sides) for sides in zip(low.shape, size))
        features = dict(zip(self._sessions["backbone"].outputs, self._sessions["backbone"].run(low[None, None])))
        place = self._sessions["place"]
        tables = dict(zip(place.outputs, place.feed({"y": y[:, None], "x": x[:, None], "cell": cell(low.shape, size)})))
        self._steps = tables["steps"][0]
        return _Activations(low.shape, rows, columns, features, tables, bilinear(low, size))

    def _residual(self, name: str, activation: np.ndarray) -> np.ndarray:
        """In levels, float32 [n]."""
        found, step = self._sessions[name].feed({"activation": activation})[0][:, 0], self._steps[5 + HEADS.index(name)]
        return (found.astype(np.float32) - (128 if found.dtype == np.uint8 else 0)) * step

    def _costs(self, low: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
        scale = (size[0] * size[1]) / (low[0] * low[1])
        light, heavy, backbone = self._steps[:3].astype(np.float64)
        return tuple(PATCH**2 * (backbone + head * scale) for head in (light, heavy))


@dataclass(frozen=True)
class _Activations:
    """First layers of one picture, waiting for the pixels that are to be made."""

    low: tuple[int, int]
    rows: np.ndarray
    columns: np.ndarray
    features: dict[str, np.ndarray]
    tables: dict[str, np.ndarray]
    base: np.ndarray
    """The bilinear enlargement in levels, float32."""

    def probability(self) -> np.ndarray:
        """The classifier's probability of heavy, float32 [H, W]."""
        seen = self.features["difficulty"].reshape(self.low)[self.rows][:, self.columns]
        return 1 / (1 + np.exp(-(seen + self.tables["decision_row"] + self.tables["decision_column"].T)))

    def activation(self, name: str, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """A head's input for pixels of the enlargement: float32 [n, hidden], or uint8 in whole steps for int8 models."""
        seen = self.features[name][self.rows[rows] * self.low[1] + self.columns[columns]]
        row, column = (self.tables[f"{name}_{end}"] for end in ("row", "column"))
        if seen.dtype != np.uint8:
            return np.maximum(seen + row[rows] + column[columns], 0)
        gain = int(np.rint(FRACTION * self.tables["steps"][0, 3 + HEADS.index(name)]))
        row, column = (np.rint(FRACTION * table).astype(np.int32) for table in (row, column))
        total = (seen.astype(np.int32) - 128) * gain + row[rows] + column[columns] + FRACTION // 2
        return np.clip(total >> 6, 0, 255).astype(np.uint8)


def chosen(probability: np.ndarray, costs: tuple[float, float], k: float | str) -> np.ndarray:
    """The pixels for the heavy head, by the probability that each needs it and the costs of (light, heavy); for "adaptive" see `adaptive`."""
    if k == "adaptive":
        return adaptive(probability)
    if k <= ALL_HEAVY or k >= ALL_LIGHT:
        return np.full(probability.shape, k <= ALL_HEAVY)
    logit = np.log(np.maximum(probability, 1e-30)) - np.log(np.maximum(1 - probability, 1e-30))
    return logit > k * (np.log(costs[1]) - np.log(costs[0]))


def adaptive(probability: np.ndarray) -> np.ndarray:
    """The upper of two clusters of the difficulties in a picture, by the means of both (2-means)."""
    low, high = float(probability.min()), float(probability.max())
    difficulty = (probability - low) / max(high - low, 1e-12)
    threshold = 0.5
    for _ in range(ROUNDS):
        upper = difficulty > threshold
        if upper.all() or not upper.any():
            break
        threshold = (difficulty[upper].mean() + difficulty[~upper].mean()) / 2
    return difficulty > threshold


def refined(picture: np.ndarray, heavy: np.ndarray) -> np.ndarray:
    """Light pixels that touch a heavy one, but for the picture's outermost, become the mean of the nine around them."""
    height, width = picture.shape
    around = [(slice(down, down + height), slice(across, across + width)) for down in range(3) for across in range(3)]
    framed, marked = np.pad(picture, 1, mode="edge"), np.pad(heavy, 1)
    mean = sum(framed[part] for part in around) / 9
    beside = ~heavy & np.logical_or.reduce([marked[part] for part in around])
    beside[[0, -1]], beside[:, [0, -1]] = False, False
    return np.where(beside, mean, picture)


def bilinear(low: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bilinear enlargement of luma [h, w] in levels: half-pixel centres, edges repeated; float32 [H, W]."""
    (above, below, down), (before, behind, across) = (_neighbours(*sides) for sides in zip(low.shape, size))
    levels = low.astype(np.float64)
    rows = levels[above] * (1 - down)[:, None] + levels[below] * down[:, None]
    return (rows[:, before] * (1 - across) + rows[:, behind] * across).astype(np.float32)


def _neighbours(low: int, high: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two rows that each row of the enlargement lies between, and the later one's share."""
    place = np.clip((np.arange(high) + 0.5) * low / high - 0.5, 0, low - 1)
    first = np.floor(place).astype(int)
    return first, np.minimum(first + 1, low - 1), place - first
