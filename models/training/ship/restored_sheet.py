"""The sheet of crops in docs/images that shows noise, and what ffmpeg's filters and srvid's restoring networks leave of it."""

from pathlib import Path

import numpy as np
from PIL import Image

from ..data.planar import MATRICES, Planes, planes_of
from ..data.restorable import ALIGN, with_noise
from ..measure.filters import denoisers, filtered
from ..measure.metrics import psnr
from ..measure.planar_runtime import PlanarSession
from ..measure.restoration import quality
from .contact_sheet import CROPS, SIDE, Crop, require, sheet

CREDIT = "Kodak image suite"
KODAK = tuple(crop for crop in CROPS if "kodak" in crop.file)


PRESETS = {"denoise-fast": "plain-denoise-int8.onnx", "denoise": "lpienet-denoise-fp32.onnx"}
"""The presets that take noise off, and their networks."""


def restored_sheet(data: Path, models: Path, sigma: float) -> Image.Image:
    """A row a subject, 1:1: noisy, by each filter at the best of its settings, by each network in the folder `models`, original; under each cell the Y-PSNR of that crop."""
    require(data, KODAK)
    sessions = [PlanarSession(str(models / file)) for file in PRESETS.values()]
    headings = [f"noise of {sigma:g} levels", *denoisers(sigma), *(f"srvid: {preset}" for preset in PRESETS), "original"]
    return sheet(headings, [(crop.subject, _cells(data, crop, sessions, sigma)) for crop in KODAK], CREDIT)


def _cells(data: Path, crop: Crop, sessions: list[PlanarSession], sigma: float) -> list[tuple[Image.Image, str]]:
    with Image.open(data / crop.file) as opened:
        truth = planes_of(opened.convert("RGB"), multiple=ALIGN)
    noisy = with_noise(truth, sigma, 0)
    by_filters = [max((filtered(noisy, graph) for graph in grid), key=lambda found: quality(found, truth).luma) for grid in denoisers(sigma).values()]
    cells = [(_rgb(_cut(planes, crop)), f"{_luma_psnr(planes, truth, crop):.2f} dB") for planes in (noisy, *by_filters, *(session(noisy) for session in sessions))]
    return [*cells, (_rgb(_cut(truth, crop)), "")]


def _cut(planes: Planes, crop: Crop) -> Planes:
    return Planes(*(plane[crop.y // part : (crop.y + SIDE) // part, crop.x // part : (crop.x + SIDE) // part] for plane, part in zip(planes.each(), (1, 2, 2))))


def _luma_psnr(planes: Planes, truth: Planes, crop: Crop) -> float:
    return psnr(*(_cut(found, crop).y.astype(np.float64) for found in (planes, truth)))


def _rgb(planes: Planes) -> Image.Image:
    """Planes of BT.601 as a picture; chroma is enlarged by cubic resampling."""
    red, blue = MATRICES["bt601"]
    height, width = planes.y.shape
    luma = (planes.y.astype(np.float32) - 16) / 219
    u, v = ((np.asarray(Image.fromarray(plane).resize((width, height), Image.BICUBIC), np.float32) - 128) / 224 for plane in (planes.u, planes.v))
    r, b = luma + 2 * (1 - red) * v, luma + 2 * (1 - blue) * u
    g = (luma - red * r - blue * b) / (1 - red - blue)
    return Image.fromarray(np.clip(np.rint(np.stack([r, g, b], -1) * 255), 0, 255).astype(np.uint8))
