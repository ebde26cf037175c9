"""Networks of our own, shaped for the runtime they meet: plain stacks of convolutions and an anchor.

There is width, depth, the first and the last kernel, and the resolution that the body works at. ONNX Runtime's int8
convolutions are the faster the wider they are, so the picture may first be folded into four channels of half its size
(`fold`, "pixel unshuffle", Shi et al. 2016, arXiv 1609.05158, backwards), which costs a quarter and doubles what each
convolution sees.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .networks import CollapsibleConv, ended, rectified


class Stack(nn.Module):
    """Convolutions of 3x3 from fold^2 channels through those of `hidden`, each with ReLU, to (scale*fold)^2, linear; plus the
    anchor, which is each pixel repeated scale^2 times; then depth-to-space and clip to 0..1. Luma only. `first` and `last`
    are the sides of the first and the last convolution's kernel.

    Input [n, 1, h, w] in 0..1, h and w multiples of `fold`; `forward` gives [n, 1, h*scale, w*scale], by default not
    clipped.
    """

    family = "stack"
    title = "Stack (a plain network with an anchor)"
    paper = ""
    anchored = True

    def __init__(self, scale: int, channels: int = 1, hidden: tuple[int, ...] = (32,) * 5, first: int = 3, last: int = 3, fold: int = 1, expansion: int = 128, clip_inner: float = 0, output: str = "linear"):
        super().__init__()
        if channels != 1:
            raise SystemExit(f"{self.family} works on luma, one channel; {channels} were asked for. Leave --channels out.")
        self.scale, self.channels, self.fold, self.clip_inner, self.output = scale, channels, fold, clip_inner, output
        if first % 2 == 0 or last % 2 == 0:
            raise SystemExit(f"Kernels have odd sides; --first {first} and --last {last} were asked for.")
        widths = [fold * fold, *hidden, (scale * fold) ** 2]
        gains = [1.0] * len(hidden) + [0.1]
        sides = [first] + [3] * (len(hidden) - 1) + [last]
        self.convs = nn.ModuleList(CollapsibleConv(i, o, gain, expansion, side) for i, o, gain, side in zip(widths, widths[1:], gains, sides))

    @property
    def align(self) -> int:
        """What the input's sides have to be multiples of."""
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
        for conv in self.convs[:-1]:
            y = rectified(conv(y), self.clip_inner)
        residual = F.pixel_shuffle(self.convs[-1](y).float(), self.scale * self.fold)
        return ended(residual + F.interpolate(x, scale_factor=self.scale, mode="nearest"), self.output)

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


class Best(Stack):
    """The best picture at about ABPN's price: where ONNX Runtime does more at little more cost.

    The first convolution is 5x5: of a single plane it costs what 3x3 does (`lower`). Most others are of 32 channels, which cost
    what 28 do. All are as deep as ABPN and can start as ABPN grown (`carry`), with only the new weights to train; at x2 all but
    the last, a 1x1, which leaves time for a whole convolution in the place of ABPN's narrow one of 12 channels.
    """

    family = "best"
    title = "Best (ABPN's chain in shapes of our own)"

    def __init__(self, scale: int, channels: int = 1, **settings):
        hidden, last = {2: ((32,) * 6, 1), 3: ((28, *[32] * 5), 3), 4: ((28, *[32] * 4, 48), 3)}[scale]
        super().__init__(scale, channels, hidden, first=5, last=last, **settings)
