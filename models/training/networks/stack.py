"""Networks of our own, shaped for the runtime they meet: stacks of convolutions and an anchor.

There is width, depth, the first and the last kernel, and the resolution that the body works at. ONNX Runtime's int8
convolutions are the faster the wider they are, so the picture may first be folded into four channels of half its size
(`fold`, "pixel unshuffle", Shi et al. 2016, arXiv 1609.05158, backwards), which costs a quarter and doubles what each
convolution sees.

A stack is a chain, or it has a narrow `trunk` of linear channels that wide convolutions read and add to (residual blocks with
wide activation, Yu et al. 2018, arXiv 1808.08718): the fewer channels a 3x3 reads, the more it can afford to have.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .convolution import CollapsibleConv, clipped_output, relu


class Stack(nn.Module):
    """Convolutions of 3x3 from fold^2 channels through those of `hidden`, each with ReLU, to (scale*fold)^2, linear; plus the
    anchor, which is each pixel repeated scale^2 times; then depth-to-space and clip to 0..1. Luma only. `first` and `last`
    are the sides of the first and the last convolution's kernel.

    With a `trunk` the first convolution gives that many channels, linear; each of `hidden` is a block then: 3x3 from the trunk to
    so many channels, ReLU, and 1x1 back, which is added to the trunk. The last convolution reads the trunk.

    Input [n, 1, h, w] in 0..1, h and w multiples of `fold`; `forward` gives [n, 1, h*scale, w*scale], by default not
    clipped.
    """

    family = "stack"
    title = "Stack (a plain network with an anchor)"
    paper = ""

    planes = 1
    """Channels of the picture: luma, but for a stack that restores."""

    def __init__(self, scale: int, channels: int = 1, hidden: tuple[int, ...] = (32,) * 5, first: int = 3, last: int = 3, fold: int = 1, trunk: int = 0, expansion: int = 128, clip_inner: float = 0, output: str = "linear"):
        super().__init__()
        if channels != self.planes:
            raise SystemExit(f"{self.family} works on {self.planes} {'channel' if self.planes == 1 else 'channels'}; {channels} were asked for. Leave --channels out.")
        self.scale, self.channels, self.fold, self.trunk, self.clip_inner, self.output = scale, channels, fold, trunk, clip_inner, output
        if first % 2 == 0 or last % 2 == 0:
            raise SystemExit(f"Kernels have odd sides; --first {first} and --last {last} were asked for.")
        if trunk < 0 or not hidden or min(hidden) < 1:
            raise SystemExit(f"A convolution has one channel or more; --hidden {','.join(map(str, hidden))} and --trunk {trunk} were asked for.")
        inner = [width for wide in hidden for width in (wide, trunk)] if trunk else hidden[1:]
        widths = [channels * fold * fold, trunk or hidden[0], *inner, channels * (scale * fold) ** 2]
        # What a network of the same size adds is a few levels: a larger start is unlearnt so hard that filters die of it.
        gains = [1.0, *([1.0, 0.5] * len(hidden) if trunk else [1.0] * len(inner)), 0.1 if scale > 1 else 0.005]
        sides = [first, *([3, 1] * len(hidden) if trunk else [3] * len(inner)), last]
        self.convs = nn.ModuleList(CollapsibleConv(i, o, gain, expansion, side) for i, o, gain, side in zip(widths, widths[1:], gains, sides))
        self.sums = nn.ModuleList(nn.Identity() for _ in self.blocks)
        """The trunk after each block: the place where fine-tuning in int8 puts its rounding."""

    @property
    def anchored(self) -> bool:
        """True for a single chain of convolutions with ReLUs."""
        return not self.trunk

    @property
    def blocks(self) -> list[tuple[nn.Module, nn.Module]]:
        """The two convolutions of each block beside the trunk."""
        return list(zip(self.convs[1:-1:2], self.convs[2:-1:2])) if self.trunk else []

    @property
    def align(self) -> int:
        """Height and width of the input are multiples of this."""
        return self.fold

    @property
    def halo(self) -> int:
        """Input pixels that a tile depends on, each side, if its own sides lie at multiples of `align`."""
        return sum(conv.reach for conv in self.convs) * self.fold

    @property
    def published(self) -> nn.ModuleList:
        return self.convs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.pixel_unshuffle(x, self.fold).contiguous(memory_format=torch.channels_last)
        if self.trunk:
            y = self.convs[0](y)
            for (widening, narrowing), stored in zip(self.blocks, self.sums):
                y = stored(y + narrowing(relu(widening(y), self.clip_inner)))
        else:
            for conv in self.convs[:-1]:
                y = relu(conv(y), self.clip_inner)
        residual = F.pixel_shuffle(self.convs[-1](y).float(), self.scale * self.fold)
        return clipped_output(residual + F.interpolate(x, scale_factor=self.scale, mode="nearest"), self.output)

    def settle(self, ranges: dict[str, tuple[float, float]]) -> bool:
        """Nothing here depends on the range that another tensor turns out to have."""
        return False


class Swift(Stack):
    """The quickest: what is left of ABPN where three quarters of its time, at x2 two fifths, have to do. Its second convolution in
    image space is left out; x2 is folded."""

    family = "swift"
    title = "Swift (a short stack with an anchor, our own)"

    def __init__(self, scale: int, channels: int = 1, **settings):
        width, fold = {2: (48, 2), 3: (28, 1), 4: (32, 1)}[scale]
        super().__init__(scale, channels, (width,) * 4, fold=fold, **settings)


class Deblock(Stack):
    """Takes the traces of compression off a picture of the size that it has: Swift of x2 with one more convolution, at a scale of 1."""

    family = "deblock"
    title = "Deblock (a folded stack with an anchor, our own)"

    def __init__(self, scale: int, channels: int = 1, **settings):
        if scale != 1:
            raise SystemExit(f"{self.family} keeps the size; --scale {scale} was asked for. Give 1.")
        super().__init__(scale, channels, (48,) * 5, fold=2, **settings)


class Best(Stack):
    """The best picture at about ABPN's price: where ONNX Runtime does more at little more cost.

    The first convolution is 5x5: of a single plane it costs what 3x3 does (`lower`). Most others are of 32 channels, which cost
    what 28 do. All are as deep as ABPN and can start as ABPN grown (`warm_start`), with only the new weights to train; at x2 all but
    the last, a 1x1, which leaves time for a whole convolution in the place of ABPN's narrow one of 12 channels.
    """

    family = "best"
    title = "Best (ABPN's chain in shapes of our own)"

    def __init__(self, scale: int, channels: int = 1, **settings):
        hidden, last = {2: ((32,) * 6, 1), 3: ((28, *[32] * 5), 3), 4: ((28, *[32] * 4, 48), 3)}[scale]
        super().__init__(scale, channels, hidden, first=5, last=last, **settings)


class Ultra(Stack):
    """The best picture for about six times ABPN's multiplications: ABPN's depth in layers of 64 channels, of which ONNX Runtime does more in
    a second than of narrow ones."""

    family = "ultra"
    title = "Ultra (a wide stack with an anchor, our own)"

    def __init__(self, scale: int, channels: int = 1, **settings):
        super().__init__(scale, channels, (64,) * 6, first=5, **settings)
