"""LPIENet, which restores pictures at the size that they have: a small U-Net of inverted residual attention blocks."""

import torch
import torch.nn.functional as F
from torch import nn

from .attention import Attention
from .convolution import CollapsibleConv, DepthwiseConv
from .planes import PLANES

FIRST_GUESS = 0.003
"""The size of the correction before training: a larger one is worse than none, and the quickest way to be rid of it is to let the filters die."""
BRANCH = 0.2
"""The size of a residual branch before training, as a share of what would keep a signal's strength: many add up to one trunk."""


class InvertedResidual(nn.Module):
    """x + [1x1, 3x3 depthwise, ReLU, 1x1] of x; then the same with [1x1, ReLU, 1x1]."""

    def __init__(self, width: int):
        super().__init__()
        self.widen, self.depthwise, self.narrow = CollapsibleConv(width, width, 0.7, 0, 1), DepthwiseConv(width), CollapsibleConv(width, width, BRANCH, 0, 1)
        self.first, self.second = CollapsibleConv(width, width, 1.0, 0, 1), CollapsibleConv(width, width, BRANCH, 0, 1)

    def convs(self) -> list[nn.Module]:
        """Its convolutions, in the order in which the graph numbers them."""
        return [self.widen, self.depthwise, self.narrow, self.first, self.second]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.narrow(F.relu(self.depthwise(self.widen(x))))
        return x + self.second(F.relu(self.first(x)))


class Stage(nn.Module):
    """One encoder or decoder: a 3x3 convolution with ReLU, two inverted residual blocks, and what attention lets through of them, added to the start."""

    reach = 4
    """Pixels, at the stage's own size, that a result depends on, each side: four convolutions of 3x3 in a row, of which attention has the last."""

    def __init__(self, inputs: int, width: int, attention: str):
        super().__init__()
        self.head = CollapsibleConv(inputs, width, 1.0, 0)
        self.blocks = nn.ModuleList(InvertedResidual(width) for _ in range(2))
        self.attention = Attention(width, attention)

    def convs(self) -> list[nn.Module]:
        """Its convolutions, in the order in which the graph numbers them."""
        return [self.head, *(conv for block in self.blocks for conv in block.convs()), *self.attention.convs()]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        start = F.relu(self.head(x))
        found = self.blocks[1](self.blocks[0](start))
        return start + found * self.attention(found)


class Lpienet(nn.Module):
    """LPIENet (Conde et al. 2022, arXiv 2210.13552) for video: three encoders, two decoders, and the input added to the result.

    Encoders of `hidden` channels at 1, 1/2 and 1/4 of the size of their input, maximum pooling of 2x2 between them; decoders of the second's
    and the first's channels, each behind a bilinear enlargement that is joined with the encoder's result of that size; a 3x3
    convolution to the picture.

    The paper's network reads RGB. This one reads 4:2:0 video as it is: `PLANES` channels of half the picture's size, so that colour
    noise goes too, nothing is converted, and all work is on a quarter of the pixels.

    Input and result [n, 6, h/2, w/2] in 0..1, h and w multiples of `align`; the result is not clipped, so that training has a gradient
    everywhere; the exported graph clips.
    """

    family = "lpienet"
    title = "Lightweight Perceptual Image Enhancement Network"
    paper = "https://arxiv.org/abs/2210.13552"
    align = 8
    """Luma pixels: folded once and pooled twice."""
    multiple = align // 2
    """The same in pixels of the folded picture, which `forward` reads."""
    widths = (16, 32, 64)
    restores = True

    def __init__(self, scale: int = 1, channels: int = PLANES, hidden: tuple[int, ...] = (), attention: str = "local", expansion: int = 0, clip_inner: float = 0, output: str = "linear"):
        super().__init__()
        if scale != 1 or channels != PLANES:
            raise SystemExit(f"{self.family} restores pictures at their size, from {PLANES} channels. Give --scale 1 and leave --channels out.")
        self.scale, self.channels, self.clip_inner, self.output, self.form = scale, channels, clip_inner, output, attention
        full, half, quarter = hidden or self.widths
        sides = ((channels, full), (full, half), (half, quarter), (quarter + half, half), (half + full, full))
        self.stages = nn.ModuleList(Stage(inputs, width, attention) for inputs, width in sides)
        self.tail = CollapsibleConv(full, channels, FIRST_GUESS, 0)

    @property
    def halo(self) -> int:
        """Luma pixels that a tile depends on, each side, if its own sides lie at multiples of `align`; 0 where it is the whole picture.

        Five stages at 2, 4, 8, 4 and 2 luma pixels to a pixel of theirs, a neighbour at each of the two enlargements (8, 4), and the last convolution (2).
        """
        if self.form == "global":
            return 0
        reached = Stage.reach * (2 + 4 + 8 + 4 + 2) + 8 + 4 + 2
        return -(-reached // self.align) * self.align

    @property
    def published(self) -> list[nn.Module]:
        """All convolutions, stage by stage; none is folded."""
        return [*(conv for stage in self.stages for conv in stage.convs()), self.tail]

    @property
    def convs(self) -> list[nn.Module]:
        return self.published

    @property
    def multiplications(self) -> int:
        """Multiplications for each luma pixel of the picture."""
        shares = (4, 16, 64, 16, 4)
        pixelwise = [(conv, share) for stage, share in zip(self.stages, shares) for conv in stage.convs()] + [(self.tail, 4)]
        return round(sum(conv.kernel().numel() / share for conv, share in pixelwise))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        picture = x.contiguous(memory_format=torch.channels_last)
        first, second, third, fourth, fifth = self.stages
        full = first(picture)
        half = second(F.max_pool2d(full, 2))
        quarter = third(F.max_pool2d(half, 2))
        joined = fourth(torch.cat((_enlarged(quarter), half), 1))
        return self.tail(fifth(torch.cat((_enlarged(joined), full), 1))).float() + x

    def settle(self, ranges: dict[str, tuple[float, float]]) -> bool:
        """Nothing here depends on the range that another tensor turns out to have."""
        return False


class SmallLpienet(Lpienet):
    """The same with half the channels."""

    family = "lpienet-small"
    title = "Lightweight Perceptual Image Enhancement Network, half the channels"
    widths = (8, 16, 32)


def _enlarged(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
