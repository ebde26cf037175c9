"""XLSR (Ayazoglu 2021, arXiv 2105.10288), trained in the form in which it runs.

As published it has grouped 3x3 convolutions, each followed by a 1x1 convolution without activation. ONNX Runtime has
no fast int8 kernel for groups of 8 channels, and a 1x1 convolution moves as many bytes as a 3x3. Two linear layers in
a row are one, though: each 1x1 is folded into the convolution behind it, which becomes a dense 3x3, and XLSR a nearly
plain stack of such. The parameters trained are the published ones; their products are taken anew in each step, so no
second training after the fold is needed.

A fold is exact only without a bias in between: the paper's network pads the 1x1's result with zeros, and the bias is
missing there. So the biases of convolutions that no activation follows (a5, the 1x1 of each block, b1) are zero, and
stay so. The next convolution's bias can do all they could, except along the border; they are counted as parameters,
and the float model, written as published, has them.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .convolution import CollapsibleConv, DirectConv, clipped_output, convolved_plane, relu

WIDTH, GROUPS, SIDE = 32, 4, 16


class Xlsr(nn.Module):
    """XLSR: extremely lightweight super-resolution.

    a1..a4: conv3x3 channels->32 in all, ReLU; a5: 1x1; three blocks of a grouped conv3x3 32->32 (four groups), ReLU,
    1x1; beside them b1: conv3x3 channels->16 on the picture; both joined, d1: 1x1 48->32, ReLU; d2: conv3x3 to
    channels*s^2; depth-to-space; clipped ReLU, 0..1. `channels` 3 is the network as published, 1 its luma form.

    Input [n, channels, h, w] in 0..1; `forward` gives [n, channels, h*scale, w*scale], in 0..1 with the clip.

    The clip has no gradient for what lies outside 0..1. With weights drawn at random a third to two thirds of all
    pixels begin there and teach nothing; none of the runs tried stayed there, but all spent their first hundreds of
    steps on finding the picture's brightness. So the network starts as the enlargement by repeated pixels, plus a
    little noise (b1, d1 and d2 pass the picture on, as in QuickSRNet, Berger et al. 2023, arXiv 2303.04336): all but
    a few pixels begin within the range and near the truth, and the clip can stay on from the first step.
    """

    family = "xlsr"
    title = "XLSR (Extremely Lightweight Super-Resolution)"
    paper = "https://arxiv.org/abs/2105.10288"
    align = 1
    halo = 5
    """Input pixels that an output pixel depends on, each side: a, the three grouped convolutions and d2 are 3x3 and in a row."""

    def __init__(self, scale: int, channels: int = 1, expansion: int = 128, clip_inner: float = 0, output: str = "clip"):
        super().__init__()
        self.scale, self.channels, self.clip_inner, self.output = scale, channels, clip_inner, output
        side = SideConv(channels, expansion)
        head = CollapsibleConv(channels, WIDTH, expansion=expansion)
        last = CollapsibleConv(WIDTH, channels * scale * scale, 0.1, expansion)
        blocks = [FoldedGroupConv() for _ in range(3)]
        self.convs = nn.ModuleList([head, *blocks, side, FoldedTail(side), last])
        _start_as_enlargement(self)

    @property
    def published(self) -> list[nn.Module]:
        """a, a5, then (grouped, 1x1) of each block, b1, d1, d2."""
        head, *blocks, side, tail, last = self.convs
        return [head, *(part for block in blocks for part in (block.mix, block.grouped)), tail.mix, side.conv, tail.conv, last]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        head, *blocks, side, tail, last = self.convs
        picture = x.contiguous(memory_format=torch.channels_last)
        y = relu(head(picture), self.clip_inner)
        for block in blocks:
            y = relu(block(y), self.clip_inner)
        # This ReLU never acts (SideConv): it stands for the zero point that the tensor has in int8.
        y = relu(tail(torch.cat((y, F.relu(side(picture))), 1)), self.clip_inner)
        return clipped_output(F.pixel_shuffle(last(y).float(), self.scale), self.output)

    def settle(self, ranges: dict[str, tuple[float, float]]) -> bool:
        """Give the side branch the range of the tensor it is joined with, `relu3`: in int8 they share one scale."""
        side, before = self.convs[4], self.convs[4].reach.item()
        side.reach.fill_(max(ranges["relu3"][1], 1e-3))
        return side.reach.item() != before


class PlainConv(DirectConv):
    """Kernel and bias of a convolution of the paper; `groups` as in torch. Without `bias` it is zero and not trained."""

    def __init__(self, inputs: int, outputs: int, side: int, groups: int = 1, gain: float = 1.0, bias: bool = False):
        super().__init__()
        fan_in = inputs // groups * side * side
        self.groups = groups
        self.direct = nn.Parameter(torch.randn(outputs, inputs // groups, side, side) * (gain / fan_in) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(outputs), requires_grad=bias)


class FoldedConv(nn.Module):
    """A convolution whose kernel and bias are made of other layers' anew each time."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel = self.kernel()
        if x.shape[1] == 1:
            return convolved_plane(x, kernel, self.bias)
        return F.conv2d(x, kernel.contiguous(memory_format=torch.channels_last), self.bias, padding=kernel.shape[-1] // 2)


class FoldedGroupConv(FoldedConv):
    """A 1x1 and the grouped 3x3 behind it as one dense 3x3, 32->32."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = PlainConv(WIDTH, WIDTH, 1)
        self.grouped = PlainConv(WIDTH, WIDTH, 3, GROUPS, gain=2.0, bias=True)

    def kernel(self) -> torch.Tensor:
        within = WIDTH // GROUPS
        grouped = self.grouped.kernel().reshape(GROUPS, within, within, 3, 3)
        mix = self.mix.kernel().reshape(GROUPS, within, WIDTH)
        return torch.einsum("gomhw,gmi->goihw", grouped, mix).reshape(WIDTH, WIDTH, 3, 3)

    @property
    def bias(self) -> torch.Tensor:
        return self.grouped.bias


class SideConv(FoldedConv):
    """b1, scaled to values of 0..`reach` whatever the picture, so that int8 can store it as it stores a ReLU's result.

    Its filters are linear, and so is the 1x1 that alone reads them. Each is scaled so that its absolute weights sum to
    `reach` and raised by what its negative ones can take away; FoldedTail undoes both. No picture of 0..1 leaves the
    range then, at the border neither.
    """

    def __init__(self, channels: int, expansion: int) -> None:
        super().__init__()
        self.conv = CollapsibleConv(channels, SIDE, expansion=expansion)
        self.conv.bias.requires_grad_(False)
        self.register_buffer("reach", torch.ones(()))

    def gain(self) -> torch.Tensor:
        """Factor of each filter, [16]."""
        return self.reach / self.conv.kernel().abs().sum((1, 2, 3)).clamp_min(1e-6)

    def kernel(self) -> torch.Tensor:
        return self.conv.kernel() * self.gain()[:, None, None, None]

    @property
    def bias(self) -> torch.Tensor:
        return self.kernel().clamp_max(0).sum((1, 2, 3)).neg()


class FoldedTail(FoldedConv):
    """The last block's 1x1 and d1 as one 1x1, 48->32, for the side branch as SideConv gives it."""

    def __init__(self, side: SideConv) -> None:
        super().__init__()
        self.side = side
        self.mix = PlainConv(WIDTH, WIDTH, 1)
        self.conv = PlainConv(WIDTH + SIDE, WIDTH, 1, gain=2.0, bias=True)

    def kernel(self) -> torch.Tensor:
        body, side = self.conv.kernel().split((WIDTH, SIDE), 1)
        folded = torch.einsum("omhw,mi->oihw", body, self.mix.kernel()[:, :, 0, 0])
        return torch.cat((folded, side / self.side.gain()[None, :, None, None]), 1)

    @property
    def bias(self) -> torch.Tensor:
        side = self.conv.kernel()[:, WIDTH:, 0, 0] / self.side.gain()
        # Not as a matrix product, which autocast would round to bfloat16: this sum is a level of brightness.
        return self.conv.bias - (side * self.side.bias).sum(1)


@torch.no_grad()
def _start_as_enlargement(network: Xlsr) -> None:
    *_, side, tail, last = network.convs
    per_channel = network.scale**2
    for channel in range(network.channels):
        for conv, output, source in ((side.conv, channel, channel), (tail.conv, channel, WIDTH + channel)):
            kernel = conv.kernel().clone()
            kernel[output] = 0
            kernel[output, source, kernel.shape[2] // 2, kernel.shape[3] // 2] = 1
            conv.load_merged(kernel, conv.bias)
        kernel = last.kernel().clone()
        kernel[channel * per_channel : (channel + 1) * per_channel, channel, 1, 1] += 1
        last.load_merged(kernel, last.bias)
