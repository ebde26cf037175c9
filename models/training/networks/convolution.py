"""ABPN and what every network is made of: convolutions trained in an over-parameterised form that costs nothing to run.

`CollapsibleConv` holds a kernel as `direct + project @ expand`, a linear block of many more parameters (SESR,
Bhardwaj et al. 2022, arXiv 2103.09404, section 3). Its kernels are merged before each step, so a training step pays
for the merged network only, and the merged kernels are exactly what is exported.

A network has two lists of its convolutions, each of which has `kernel()` and `bias`: `published`, those of the paper in
its order, which the float model holds and which can be loaded (`load_merged`); and `convs`, those that run, in
training and in int8. The two are the same where the paper leaves nothing to fold.
"""

import torch
import torch.nn.functional as F
from torch import nn


class CollapsibleConv(nn.Module):
    """Convolution, zero padding, with bias; its kernel is `side` x `side`, odd. `expansion` is the width of the linear block; 0 leaves it out."""

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0, expansion: int = 128, side: int = 3):
        super().__init__()
        std = (2.0 / (side * side * inputs)) ** 0.5
        share = 0.5**0.5 if expansion else 1.0
        self.direct = nn.Parameter(torch.randn(outputs, inputs, side, side) * gain * std * share)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.expand = nn.Parameter(torch.randn(expansion, inputs, side, side) * std) if expansion else None
        self.project = nn.Parameter(torch.randn(outputs, expansion) * gain * share * expansion**-0.5) if expansion else None

    def kernel(self) -> torch.Tensor:
        """The merged kernel, [outputs, inputs, side, side]."""
        if self.expand is None:
            return self.direct
        return self.direct + torch.einsum("oe,eihw->oihw", self.project, self.expand)

    def load_merged(self, kernel: torch.Tensor, bias: torch.Tensor) -> None:
        """Take over a merged kernel: `direct` is set so that the sum with the block's present product equals it."""
        with torch.no_grad():
            self.direct += kernel - self.kernel()
            self.bias.copy_(bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[1] == 1:
            return convolved_plane(x, self.kernel(), self.bias)
        return F.conv2d(x, self.kernel().contiguous(memory_format=torch.channels_last), self.bias, padding=self.reach)

    @property
    def reach(self) -> int:
        """Pixels that the kernel sees, each side of its middle."""
        return self.direct.shape[-1] // 2


class DirectConv(nn.Module):
    """A convolution that holds its kernel and bias as they run: `direct` and `bias`."""

    direct: nn.Parameter
    bias: nn.Parameter

    def kernel(self) -> torch.Tensor:
        """[outputs, inputs of a group, side, side]"""
        return self.direct

    def load_merged(self, kernel: torch.Tensor, bias: torch.Tensor) -> None:
        """Take over a kernel and its bias."""
        with torch.no_grad():
            self.direct.copy_(kernel)
            self.bias.copy_(bias)


class DepthwiseConv(DirectConv):
    """3x3 convolution of each channel by itself, zero padding, with bias."""

    reach = 1

    def __init__(self, width: int):
        super().__init__()
        self.groups = width
        self.direct = nn.Parameter(torch.randn(width, 1, 3, 3) * (1 / 9) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.direct, self.bias, padding=1, groups=self.groups)


def convolved_plane(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Convolution of one plane, [n, 1, h, w] to channels-last [n, outputs, h, w], zero padding, as a matrix product.

    A tensor of one channel is channels-last and channels-first at once. conv2d takes it for the latter and with it the
    result, which every layer behind then pays for: this way a training step of ABPN takes a sixth less.
    """
    side = kernel.shape[-1]
    neighbours = F.pad(x[:, 0], [side // 2] * 4).unfold(1, side, 1).unfold(2, side, 1).flatten(3)
    return F.linear(neighbours, kernel.flatten(1), bias).permute(0, 3, 1, 2)


def relu(x: torch.Tensor, limit: float) -> torch.Tensor:
    """ReLU, or clipped ReLU if there is a `limit` above 0, which keeps a deep network's outliers out of int8's range."""
    return x.clamp(0, limit) if limit else F.relu(x)


def clipped_output(x: torch.Tensor, output: str) -> torch.Tensor:
    """The network's output as it is ("linear"), or with XLSR's clipped ReLU, 0..1 ("clip")."""
    return x.clamp(0, 1) if output == "clip" else x


def merged(conv: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """(kernel, bias) of a convolution, merged, float32."""
    return conv.kernel().detach().float(), conv.bias.detach().float()
