"""ABPN with other residual connections than its anchor, for the study that compares them (`study_residual`).

The ABPN paper (Du et al. 2021, arXiv 2105.09750, section 4.3) asks where a network that will run in int8 should add
its input back. These are its alternatives; none is shipped.
"""

import torch
import torch.nn.functional as F

from .networks import Abpn, ended, rectified


class WithoutResidual(Abpn):
    """Nothing is added: all of the picture's brightness has to travel through the features."""

    family = "abpn-none"
    anchored = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return ended(self.enlarged(self.features(x)), self.output)


class FeatureResidual(Abpn):
    """The first convolution's features are added to the last of the same width."""

    family = "abpn-feature"
    anchored = False

    def features(self, x: torch.Tensor) -> torch.Tensor:
        first, *middle, widening = self.convs[:-1]
        y = start = rectified(first(x.contiguous(memory_format=torch.channels_last)), self.clip_inner)
        for conv in middle:
            y = rectified(conv(y), self.clip_inner)
        return rectified(widening(y + start), self.clip_inner)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return ended(self.enlarged(self.features(x)), self.output)


class ImageResidual(Abpn):
    """The input, enlarged bilinearly, is added to the enlarged picture."""

    family = "abpn-image"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        larger = F.interpolate(x, scale_factor=self.scale, mode="bilinear", align_corners=False)
        return ended(self.enlarged(self.features(x)) + larger, self.output)
