"""Attention of LPIENet: spatial and channel attention side by side, joined by a 1x1 convolution into gates.

The channel attention has three forms, which `FORMS` lists. Only the first is that of the paper's text; it depends on the whole
picture, so that a tile of a picture gives other bytes than the picture does.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .convolution import CollapsibleConv

FORMS = ("global", "local", "static")
"""Channel attention from the means of all channels over the whole picture; from the mean of a pixel's channels, pixel by pixel; or
learnt factors that are the same for every picture."""


class Attention(nn.Module):
    """[n, width, h, w] to gates of the same shape, in 0..1.

    Spatial: the mean and the maximum over a pixel's channels, a 3x3 convolution of these two to one map, sigmoid. Channel: two 1x1
    convolutions with a ReLU between, sigmoid. Each multiplies the input; a 1x1 convolution joins both; a last sigmoid.
    """

    def __init__(self, width: int, form: str):
        super().__init__()
        if form not in FORMS:
            raise SystemExit(f"There is no attention {form!r}. Give one of {', '.join(FORMS)}.")
        self.form = form
        self.spatial = CollapsibleConv(2, 1, 1.0, 0)
        self.squeeze = CollapsibleConv(width if form == "global" else 1, max(width // 4, 4), 1.0, 0, 1) if form != "static" else None
        self.excite = CollapsibleConv(max(width // 4, 4), width, 1.0, 0, 1) if form != "static" else None
        self.factors = nn.Parameter(torch.zeros(1, width, 1, 1)) if form == "static" else None
        self.join = CollapsibleConv(2 * width, width, 0.5, 0, 1)

    def convs(self) -> list[nn.Module]:
        """Its convolutions, in the order in which the graph numbers them."""
        return [conv for conv in (self.spatial, self.squeeze, self.excite, self.join) if conv is not None]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, most = x.mean(1, keepdim=True), x.amax(1, keepdim=True)
        spatial = torch.sigmoid(self.spatial(torch.cat((mean, most), 1)))
        return torch.sigmoid(self.join(torch.cat((x * spatial, x * self._channel(x, mean)), 1)))

    def _channel(self, x: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        if self.form == "static":
            return torch.sigmoid(self.factors)
        seen = x.mean((2, 3), keepdim=True) if self.form == "global" else mean
        return torch.sigmoid(self.excite(F.relu(self.squeeze(seen))))
