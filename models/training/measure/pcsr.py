"""PCSR's bundle of models run in ONNX Runtime, pixel by pixel as the program does it: an independent reference of it, and the means to measure it.

The first layer of a head is done here, in floats or, for int8 models, in the program's integers (`FirstLayers`).
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
    """An enlargement, uint8 [H, W], and for each pixel whether the heavy head made it."""

    picture: np.ndarray
    heavy: np.ndarray


@dataclass(frozen=True)
class Parts:
    """One picture's enlargement before anything is decided."""

    base: np.ndarray
    """The bilinear enlargement in levels, float32 [H, W]."""
    residuals: dict[str, np.ndarray]
    """For each head, in levels, float32 [H, W]."""
    probability: np.ndarray
    """The classifier's probability of heavy, float32 [H, W]."""
    costs: tuple[float, float]
    """Multiplications for a patch with the light and with the heavy head."""

    def enlarged(self, k: float | str = 0.0, refine: bool = False) -> Enlarged:
        """The picture. `k` is the weight of the costs in the decision, or "adaptive"; `refine` smooths light pixels beside heavy ones."""
        heavy = chosen(self.probability, self.costs, k)
        picture = self.base + np.where(heavy, self.residuals["heavy"], self.residuals["light"])
        if refine:
            picture = refined(picture, heavy)
        return Enlarged(np.clip(np.floor(picture + 0.5), 0, 255).astype(np.uint8), heavy)


class Bundle:
    """The models of one precision, by the names in `PARTS`."""

    def __init__(self, models: dict[str, onnx.ModelProto | str]):
        self._sessions = {name: Session(model) for name, model in models.items()}

    @staticmethod
    def of(folder: Path, precision: str) -> "Bundle":
        """The bundle of files in `folder`."""
        return Bundle({part: str(folder / f"pcsr-{part}-{precision}.onnx") for part in PARTS})

    def parts(self, low: np.ndarray, size: tuple[int, int]) -> Parts:
        """Luma, uint8 [h, w], enlarged to `size` (H, W) by both heads."""
        first = self.first_layers(low, size)
        residuals = {name: self._residuals(name, first, size) for name in HEADS}
        return Parts(bilinear(low, size), residuals, first.probability(), first.costs(size))

    def first_layers(self, low: np.ndarray, size: tuple[int, int]) -> "FirstLayers":
        """Backbone and places run; what a head reads can be asked for."""
        (rows, y), (columns, x) = (nearest_and_places(*sides) for sides in zip(low.shape, size))
        features = dict(zip(self._sessions["backbone"].outputs, self._sessions["backbone"].run(low[None, None])))
        place = self._sessions["place"]
        tables = dict(zip(place.outputs, place.feed({"y": y[:, None], "x": x[:, None], "cell": cell(low.shape, size)})))
        return FirstLayers(low.shape, rows, columns, features, tables)

    def _residuals(self, name: str, first: "FirstLayers", size: tuple[int, int]) -> np.ndarray:
        height, width = size
        step = first.tables["steps"][0, 5 + HEADS.index(name)]
        result, columns, tall = np.empty(size, np.float32), np.arange(width), max(1, BAND // width)
        for top in range(0, height, tall):
            rows = np.arange(top, min(top + tall, height))
            activation = first.activation(name, rows[:, None], columns)
            found = self._sessions[name].feed({"activation": activation.reshape(-1, activation.shape[-1])})[0][:, 0]
            result[rows] = ((found.astype(np.float32) - (128 if found.dtype == np.uint8 else 0)) * step).reshape(-1, width)
        return result


@dataclass(frozen=True)
class FirstLayers:
    """First layers of one picture, for the pixels that are asked for."""

    low: tuple[int, int]
    rows: np.ndarray
    columns: np.ndarray
    features: dict[str, np.ndarray]
    tables: dict[str, np.ndarray]

    def probability(self) -> np.ndarray:
        """The classifier's probability of heavy, float32 [H, W]."""
        seen = self.features["difficulty"].reshape(self.low)[self.rows][:, self.columns]
        return 1 / (1 + np.exp(-(seen + self.tables["decision_row"] + self.tables["decision_column"].T)))

    def costs(self, size: tuple[int, int]) -> tuple[float, float]:
        """Multiplications for a patch of the picture with the light and with the heavy head."""
        scale = (size[0] * size[1]) / (self.low[0] * self.low[1])
        light, heavy, backbone = self.tables["steps"][0, :3].astype(np.float64)
        return tuple(PATCH**2 * (backbone + head * scale) for head in (light, heavy))

    def activation(self, name: str, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """A head's input for pixels of the enlargement: float32 [..., hidden], or uint8 in whole steps for int8 models."""
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
