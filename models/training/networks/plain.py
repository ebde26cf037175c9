"""Plain, which restores pictures at the size that they have: a chain of dense convolutions that all run in int8."""

from .planes import PLANES
from .stack import Stack


class Plain(Stack):
    """Takes noise off: a chain of 3x3 convolutions of 32 channels with ReLU, and the input added to the result.

    The whole chain works on `PLANES` channels of half the picture's size, as FFDNet does (Zhang et al. 2018, arXiv 1710.04026): a convolution sees twice
    as far there and costs a quarter. It has neither depthwise convolutions nor attention, which int8 makes no faster.

    Input and result [n, 6, h/2, w/2] in 0..1; the result is not clipped.
    """

    family = "plain"
    title = "Plain (a stack on the planes of 4:2:0, our own)"
    paper = "https://arxiv.org/abs/1710.04026"
    planes = PLANES
    restores = True
    align = 2
    """Luma pixels: folded once."""
    multiple = 1
    """The same in pixels of the folded picture, which `forward` reads."""

    def __init__(self, scale: int = 1, channels: int = PLANES, hidden: tuple[int, ...] = (), **settings):
        if scale != 1:
            raise SystemExit(f"{self.family} keeps the size; --scale {scale} was asked for. Give 1.")
        super().__init__(scale, channels, hidden or (32,) * 6, **settings)

    @property
    def halo(self) -> int:
        """Luma pixels that a tile depends on, each side, if its own sides lie at multiples of `align`."""
        return super().halo * 2
