"""PCSR: super-resolution whose effort and scale are free, pixel by pixel (Jeong et al. 2024, arXiv 2407.21448).

A backbone sees the picture once, at its own resolution. Each pixel of the enlargement is then made by itself, from the features of
the nearest pixel below it and from the place that it has over it: by a heavy head, or by a light one where a classifier finds that
this suffices. A head gives what the bilinear enlargement lacks.

The first layer of a head is linear in the features, so it runs once for each pixel of the picture, as a 1x1 convolution of the
backbone (`firsts`); a pixel of the enlargement adds what depends on its row and on its column, of which there are few.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .convolution import CollapsibleConv

FAMILY = "pcsr"
TITLE = "PCSR (pixel-level classifier, any scale from 1 to 4)"
PAPER = "https://arxiv.org/abs/2407.21448"
HEADS = ("light", "heavy")
PLACES = 16
"""Hidden units between a row's or column's place and what it adds to a head's first layer."""


@dataclass(frozen=True)
class Shape:
    """Channels between the backbone's convolutions, side of its first kernel, and hidden units of each head, the first layer's first."""

    body: tuple[int, ...] = (32, 32, 32, 32)
    first: int = 5
    light: tuple[int, ...] = (16,)
    heavy: tuple[int, ...] = (64, 64, 64)

    def hidden(self, head: str) -> tuple[int, ...]:
        """Hidden units of one of `HEADS`."""
        return self.light if head == "light" else self.heavy


@dataclass(frozen=True)
class Grid:
    """Rows and columns of an enlargement, or some of them, and the pixels of the picture below."""

    rows: torch.Tensor
    """int64 [R]: the picture's nearest row, for each row."""
    columns: torch.Tensor
    y: torch.Tensor
    """float32 [R, 1]: distance from that row's middle, in half pixels of the picture, -1..1."""
    x: torch.Tensor
    cell: torch.Tensor
    """float32 [1, 2]: height and width of a pixel of the enlargement, in half pixels of the picture."""


class Head(nn.Module):
    """One head without its first layer's weights on features: places to the first layer, ReLU, hidden layers with ReLU, one number."""

    def __init__(self, hidden: tuple[int, ...]):
        super().__init__()
        self.places = nn.ModuleList(nn.Sequential(nn.Linear(2, PLACES), nn.ReLU(), nn.Linear(PLACES, hidden[0], bias=axis == 0)) for axis in (0, 1))
        """For rows and for columns: place and cell of that axis to what is added to the first layer."""
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(hidden, (*hidden[1:], 1)))
        with torch.no_grad():
            for layer in self.layers[:-1]:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                layer.bias.zero_()
            self.layers[-1].weight.mul_(0.1)
            self.layers[-1].bias.zero_()

    def tables(self, where: Grid) -> tuple[torch.Tensor, torch.Tensor]:
        """Additions of each row, [R, hidden], and of each column, [C, hidden]."""
        return tuple(part(torch.cat((place, where.cell[:, axis : axis + 1].expand_as(place)), 1)) for axis, (part, place) in enumerate(zip(self.places, (where.y, where.x))))

    def forward(self, features: torch.Tensor, where: Grid) -> torch.Tensor:
        """First-layer values of the picture's pixels, [n, h, w, hidden], to the enlargement's residual [n, R, C]."""
        rows, columns = self.tables(where)
        y = features.index_select(1, where.rows) + rows[:, None]
        y = y.index_select(2, where.columns) + columns
        for layer in self.layers:
            y = layer(F.relu(y))
        return y[..., 0]


class Pcsr(nn.Module):
    """Luma [n, 1, h, w] in 0..1 to residuals and decisions on a `Grid`."""

    align = 1

    def __init__(self, shape: Shape = Shape()):
        super().__init__()
        self.shape = shape
        sides = [shape.first, *[3] * (len(shape.body) - 1)]
        self.convs = nn.ModuleList(CollapsibleConv(i, o, 1.0, 0, side) for i, o, side in zip((1, *shape.body), shape.body, sides))
        self.firsts = nn.ModuleDict({name: CollapsibleConv(shape.body[-1], shape.hidden(name)[0], 0.7, 0, 1) for name in HEADS})
        self.heads = nn.ModuleDict({name: Head(shape.hidden(name)) for name in HEADS})
        self.difficulty = CollapsibleConv(shape.body[-1], 1, 0.1, 0, 1)
        self.decision = nn.Parameter(torch.zeros(5))
        """Weights of y, x, the cell's height and width in the classifier's logit, and its bias."""
        for conv in (*self.firsts.values(), self.difficulty):
            conv.bias.requires_grad_(False)

    @property
    def halo(self) -> int:
        """Pixels of the picture that a feature depends on, each side."""
        return sum(conv.reach for conv in self.convs)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """The backbone's features, channels-last [n, channels, h, w]."""
        y = x.contiguous(memory_format=torch.channels_last)
        for conv in self.convs:
            y = F.relu(conv(y))
        return y

    def first(self, name: str, features: torch.Tensor) -> torch.Tensor:
        """A head's first layer on features alone, [n, h, w, hidden]."""
        return self.firsts[name](features).permute(0, 2, 3, 1)

    def residual(self, name: str, features: torch.Tensor, where: Grid) -> torch.Tensor:
        """The residual that one head gives, [n, R, C]: what the bilinear enlargement lacks."""
        return self.heads[name](self.first(name, features), where)

    def logit(self, features: torch.Tensor, where: Grid) -> torch.Tensor:
        """The classifier's logit of heavy less that of light, [n, R, C]."""
        y, x, tall, wide, bias = self.decision
        seen = self.difficulty(features)[:, 0].index_select(1, where.rows).index_select(2, where.columns)
        return seen + (y * where.y + x * where.x.T + tall * where.cell[0, 0] + wide * where.cell[0, 1] + bias)


def costs(shape: Shape) -> dict[str, int]:
    """Multiplications: of the backbone's convolutions for a pixel of the picture, "backbone", and of what follows there, "firsts"; of a whole
    head for a pixel of the enlargement as the paper counts it, its first layer's on features with it."""
    body = (1, *shape.body)
    convs = sum(i * o * side * side for i, o, side in zip(body, shape.body, (shape.first, *[3] * len(shape.body))))
    heads = {name: sum(i * o for i, o in zip((shape.body[-1], *shape.hidden(name)), (*shape.hidden(name), 1))) for name in HEADS}
    return {"backbone": convs, "firsts": shape.body[-1] * (shape.light[0] + shape.heavy[0] + 1), **heads}
