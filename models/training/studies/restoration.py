"""Study: restoring networks beside ffmpeg's filters, on pictures that none of them has seen. Rows of tables for docs/denoise.md.

Each filter is given every setting of a small grid, and is told of by the one that is best in PSNR of Y: a choice that needs the
truth, which a network does not get.
"""

import tempfile
import time
from pathlib import Path

import numpy as np

from ..data.planar import Planes
from ..data.restorable import measured_pictures, with_noise
from ..measure.filters import denoisers, filtered, milliseconds
from ..measure.planar_runtime import PlanarSession
from ..measure.restoration import BLURS, SIGMAS, Probe, Quality, blurred_probe, quality
from ..quantise.planar import FORMS, in_int8
from .study import Rows

SHOT = 1.0
"""Variance for each level of light of the Poisson-Gaussian noise, whose Gaussian part has a standard deviation of READ levels."""
READ = 8.0
ROUNDS = 5


def denoising(models: list[Path], folder: Path, count: int, filters: list[str], int8: bool) -> Rows:
    """PSNR of Y and of U and V, SSIM of Y, and milliseconds for a frame, for each noise on the first `count` pictures below `folder`; seed 0. `filters`: "bm3d", which takes minutes a picture, "nlmeans"."""
    pictures = measured_pictures(folder)[:count]
    noises = {f"sigma {sigma:g}": [Probe(with_noise(truth, sigma, 0), truth) for truth in pictures] for sigma in SIGMAS}
    noises["Poisson-Gaussian"] = [Probe(with_shot_noise(truth, 0), truth) for truth in pictures]
    with tempfile.TemporaryDirectory() as made:
        if int8:
            strongest = [probe.given for probe in noises[f"sigma {SIGMAS[-1]:g}"]]
            models = models + [in_int8(model, form, strongest, Path(made)) for model in models for form in FORMS]
        return _denoised(noises, models, filters)


def _denoised(noises: dict[str, list[Probe]], models: list[Path], filters: list[str]) -> Rows:
    rows = _head("noise")
    for (name, probes), sigma in zip(noises.items(), (*SIGMAS, (SHOT * 110 + READ**2) ** 0.5)):
        rows += _rows(name, probes, models, {name: grid for name, grid in denoisers(sigma).items() if name in filters})
    return rows


def deblurring(models: list[Path], folder: Path, count: int) -> Rows:
    """The same for the blurs of `measure.restoration.BLURS` with noise of 2 levels, together."""
    pictures = measured_pictures(folder)[:count]
    probes = [blurred_probe(truth, blur, 0) for truth in pictures for blur in range(len(BLURS))]
    return _head("blur") + _rows(f"{len(BLURS)} kernels", probes, models, {"unsharp": [f"unsharp={side}:{side}:{amount}" for side in (3, 5, 7, 9) for amount in (0.3, 0.6, 1.0, 1.5)]})


def with_shot_noise(planes: Planes, seed: int) -> Planes:
    """Poisson noise of SHOT and Gaussian of READ on the 8-bit planes, by NumPy's default generator."""
    random = np.random.default_rng(seed)
    noisy = (random.poisson(plane / SHOT) * SHOT + READ * random.standard_normal(plane.shape) for plane in planes.each())
    return Planes(*(np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in noisy))


def _rows(case: str, probes: list[Probe], models: list[Path], grids: dict[str, list[str]]) -> Rows:
    rows = [[case, "as given", "", *_told(_mean([quality(probe.given, probe.truth) for probe in probes])), ""]]
    for name, graphs in grids.items():
        scores = {graph: _mean([quality(filtered(probe.given, graph), probe.truth) for probe in probes]) for graph in graphs}
        best = max(scores, key=lambda graph: scores[graph].luma)
        rows.append([case, name, f"`{best}`", *_told(scores[best]), f"{milliseconds(probes[0].given, best):.0f}"])
    for path in models:
        session = PlanarSession(str(path))
        score = _mean([quality(session(probe.given), probe.truth) for probe in probes])
        rows.append([case, path.stem, "", *_told(score), f"{_network_milliseconds(session, probes[0].given):.0f}"])
    return rows


def _network_milliseconds(session: PlanarSession, planes: Planes) -> float:
    """Processor time for one picture, as `filters.milliseconds` takes it; one thread."""
    taken = []
    for _ in range(ROUNDS):
        since = time.process_time()
        session(planes)
        taken.append(time.process_time() - since)
    return float(np.median(taken)) * 1000


def _mean(scores: list[Quality]) -> Quality:
    return Quality(*(float(mean) for mean in np.mean([(score.luma, score.chroma, score.ssim) for score in scores], axis=0)))


def _told(score: Quality) -> list[str]:
    return [f"{score.luma:.2f}", f"{score.chroma:.2f}", f"{score.ssim:.4f}"]


def _head(case: str) -> Rows:
    return [[case, "method", "setting", "PSNR-Y", "PSNR-UV", "SSIM-Y", "ms"]]
