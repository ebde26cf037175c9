"""ABPN, the network that most others here are variations of."""

import torch
import torch.nn.functional as F
from torch import nn

from .convolution import CollapsibleConv, clipped_output, relu


class Abpn(nn.Module):
    """ABPN (Du et al. 2021, arXiv 2105.09750): anchor-based plain network, "base7".

    conv3x3 channels->28, four times 28->28, 28->3s^2, each with ReLU; then 3s^2->channels*s^2, linear, in image
    space; plus the anchor, which is the input repeated s^2 times; then depth-to-space and clip to 0..1.
    `channels` 3 is the network as published; 1 is its luma form (same body, last convolution of s^2 filters).

    Input [n, channels, h, w] in 0..1; `forward` gives [n, channels, h*scale, w*scale], by default not clipped, so that
    training has a gradient everywhere; the exported graph clips.
    """

    family = "abpn"
    title = "ABPN (Anchor-based Plain Net)"
    paper = "https://arxiv.org/abs/2105.09750"
    align = 1
    anchored = True
    """A chain of convolutions with ReLUs; the last one gives what the picture lacks, not the picture."""

    def __init__(self, scale: int, channels: int = 1, width: int = 28, depth: int = 4, expansion: int = 128, clip_inner: float = 0, output: str = "linear"):
        super().__init__()
        self.scale, self.channels, self.clip_inner, self.output = scale, channels, clip_inner, output
        tail = 3 * scale * scale
        widths = [channels, *[width] * (depth + 1), tail, channels * scale * scale]
        gains = [1.0] * (len(widths) - 2) + [0.1]
        self.convs = nn.ModuleList(
            CollapsibleConv(i, o, gain, expansion) for i, o, gain in zip(widths, widths[1:], gains)
        )

    @property
    def halo(self) -> int:
        """Input pixels that an output pixel depends on, each side: one for each 3x3 convolution in a row."""
        return len(self.convs)

    @property
    def published(self) -> nn.ModuleList:
        return self.convs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The anchor is added after the shuffle: a nearest-neighbour enlargement is the same picture, and stays float32.
        return clipped_output(self.enlarged(self.features(x)) + F.interpolate(x, scale_factor=self.scale, mode="nearest"), self.output)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Input of the last convolution, [n, 3*scale^2, h, w]."""
        y = x.contiguous(memory_format=torch.channels_last)
        for conv in self.convs[:-1]:
            y = relu(conv(y), self.clip_inner)
        return y

    def enlarged(self, features: torch.Tensor) -> torch.Tensor:
        """The last convolution's result as a picture, float32 [n, channels, h*scale, w*scale]."""
        return F.pixel_shuffle(self.convs[-1](features).float(), self.scale)

    def settle(self, ranges: dict[str, tuple[float, float]]) -> bool:
        """Nothing here depends on the range that another tensor turns out to have."""
        return False
