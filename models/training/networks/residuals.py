"""ABPN with other residual connections than its anchor, for the study that compares them (`studies.residual`).

The ABPN paper (Du et al. 2021, arXiv 2105.09750, section 4.3) asks where a network that will run in int8 should add
its input back. These are its alternatives; none is shipped.
"""

import torch
import torch.nn.functional as F

from .abpn import Abpn
from .convolution import clipped_output, relu


class WithoutResidual(Abpn):
    """Nothing is added: all of the picture's brightness has to travel through the features."""

    family = "abpn-none"
    anchored = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return clipped_output(self.enlarged(self.features(x)), self.output)


class FeatureResidual(Abpn):
    """The first convolution's features are added to the last of the same width."""

    family = "abpn-feature"
    anchored = False

    def features(self, x: torch.Tensor) -> torch.Tensor:
        first, *middle, widening = self.convs[:-1]
        y = start = relu(first(x.contiguous(memory_format=torch.channels_last)), self.clip_inner)
        for conv in middle:
            y = relu(conv(y), self.clip_inner)
        return relu(widening(y + start), self.clip_inner)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return clipped_output(self.enlarged(self.features(x)), self.output)


class ImageResidual(Abpn):
    """The input, enlarged bilinearly, is added to the enlarged picture."""

    family = "abpn-image"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        larger = F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return clipped_output(self.enlarged(self.features(x)) + larger, self.output)
