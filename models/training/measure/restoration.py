"""Gains of a restoring network over what it was given: PSNR of Y, PSNR of U and V together, SSIM of Y, at fixed strengths and seeds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..data.blur import MARGIN, blurred, defocus, diffraction, gaussian, halved, motion
from ..data.planar import Planes, folded, unfolded
from ..data.restorable import measured_pictures, with_noise
from .metrics import psnr, ssim

SIGMAS = (15.0, 25.0, 50.0)
BLURS = (
    ("Gaussian 1.2", gaussian(1.2), False),
    ("Gaussian 2", gaussian(2.0), False),
    ("motion 7 at 0", motion(7, 0), False),
    ("motion 9 at 45", motion(9, 45), False),
    ("motion 11 at 90", motion(11, 90), False),
    ("motion 13 at 150", motion(13, 150), False),
    ("defocus 2", defocus(2.0), False),
    ("diffraction 1.5", diffraction(1.5, 20), True),
)
"""Name, kernel, and whether highlights are cut off, of the blurs that deblurring is measured by."""
BLUR_NOISE = 2.0

Restorer = Callable[[np.ndarray], np.ndarray]
"""A folded picture, uint8 [6, h, w], to one of the same shape."""


@dataclass(frozen=True)
class Probe:
    """A degraded picture and the truth."""

    given: Planes
    truth: Planes


@dataclass(frozen=True)
class Quality:
    """PSNR of Y and of U and V in dB, SSIM of Y; or differences of these."""

    luma: float
    chroma: float
    ssim: float


def probes(folder: Path, task: str) -> list[Probe]:
    """The pictures below `folder`, each degraded once: by the sigmas in turn for "denoise", by the blurs in turn for
    "deblur"; seeds are their numbers."""
    pictures = measured_pictures(folder)
    if task == "deblur":
        return [blurred_probe(truth, index % len(BLURS), index) for index, truth in enumerate(pictures)]
    return [Probe(with_noise(truth, SIGMAS[index % len(SIGMAS)], index), truth) for index, truth in enumerate(pictures)]


def blurred_probe(truth: Planes, blur: int, seed: int) -> Probe:
    """The picture blurred by one of `BLURS`, with noise of 2 levels; the edge that the kernel reaches over is left out of both."""
    _, kernel, cut = BLURS[blur]
    levels, kernels = torch.from_numpy(folded(truth)[None]).float(), torch.from_numpy(kernel)[None]
    found = blurred(levels, kernels, halved(kernels), torch.tensor([float(cut)]))[0].round().clamp(0, 255).to(torch.uint8).numpy()
    # The sides stay multiples of 8 luma pixels.
    height, width = (side // 4 * 4 for side in found.shape[1:])
    inner = folded(truth)[:, MARGIN : MARGIN + height, MARGIN : MARGIN + width]
    return Probe(with_noise(unfolded(found[:, :height, :width]), BLUR_NOISE, seed), unfolded(inner))


def quality(found: Planes, truth: Planes) -> Quality:
    """The quality of one picture; U and V count as one plane of twice the size."""
    chroma = [np.concatenate([planes.u, planes.v]).astype(np.float64) for planes in (found, truth)]
    luma = [planes.y.astype(np.float64) for planes in (found, truth)]
    return Quality(psnr(*luma), psnr(*chroma), ssim(*luma))


def given_qualities(given: list[Probe]) -> list[Quality]:
    """The qualities of the pictures as they are given."""
    return [quality(probe.given, probe.truth) for probe in given]


def gains_of(restore: Restorer, given: list[Probe], qualities: list[Quality]) -> Quality:
    """Mean of the gains over the given pictures, whose `given_qualities` are known."""
    rows = []
    for probe, before in zip(given, qualities):
        after = quality(unfolded(restore(folded(probe.given))), probe.truth)
        rows.append((after.luma - before.luma, after.chroma - before.chroma, after.ssim - before.ssim))
    return Quality(*(float(mean) for mean in np.mean(rows, axis=0)))
