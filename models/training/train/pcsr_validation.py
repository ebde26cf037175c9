"""Gains of PCSR over bicubic enlargement while it trains, on some of the validation pictures and at some scales."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from ..measure.metrics import psnr
from ..measure.real_scales import Reduced, border, pictures, reduced
from ..networks.pcsr import Pcsr
from .grids import grid

SCALES = (1.5, 2.0, 3.0, 4.0)
EVERY = 6
"""One picture in so many is taken."""


class Validation:
    """The pictures of val and val2, reduced once."""

    def __init__(self, data: Path):
        chosen = [picture for name in ("val", "val2") if (data / name).is_dir() for picture in pictures(data / name)[::EVERY]]
        self._given = {scale: [reduced(picture, scale) for picture in chosen] for scale in SCALES}

    def __call__(self, network: Pcsr, stage: str) -> dict:
        """The gain in dB by scale: of the heavy head; in the second stage also of the light one, and of the classifier's choice with its share of heavy pixels."""
        choices = ("heavy",) if stage == "heavy" else ("light", "chosen")
        found = {}
        for scale, given in self._given.items():
            gains = [self._gains(network, one, scale, choices) for one in given]
            found.update({f"{name}_x{scale:g}": round(float(np.mean([gain[name] for gain in gains])), 4) for name in gains[0]})
        return found

    def _gains(self, network: Pcsr, given: Reduced, scale: float, choices: tuple[str, ...]) -> dict[str, float]:
        low = torch.from_numpy(given.low.astype(np.float32))[None, None] / 255
        where = grid(given.low.shape, given.high.shape)
        with torch.no_grad():
            features = network.features(low)
            residuals = {name: network.residual(name, features, where)[0] for name in ("heavy", "light") if name in choices or "chosen" in choices}
            found = {}
            if "chosen" in choices:
                heavy = network.logit(features, where)[0] > 0
                residuals["chosen"], found["share"] = torch.where(heavy, residuals["heavy"], residuals["light"]), float(heavy.float().mean())
            bilinear = F.interpolate(low, size=given.high.shape, mode="bilinear", align_corners=False)[0, 0]
            for name in choices:
                picture = ((bilinear + residuals[name]) * 255).round().clamp(0, 255).numpy()
                found[name] = psnr(picture, given.high, border(scale)) - given.bicubic
        return found
