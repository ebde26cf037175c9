"""Y-PSNR at real scales: PCSR's bundle by every decision asked for, beside bicubic and networks of whole scales.

Pictures are reduced by Pillow's BICUBIC at the true ratio. At a scale between whole ones, a network of the next whole scale enlarges,
and bicubic reduction brings the result to size: the way without PCSR.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..data.pictures import image_files, planes, resized
from .metrics import psnr
from .pcsr import ALL_HEAVY, ALL_LIGHT, Bundle
from .runtime import Session

MULTIPLE = 36
"""Sides are cut to multiples of this, so that they are whole at 1.5, 2, 2.25, 3 and 4."""
ACROSS = 2
"""Pictures of a mosaic, across and down."""


@dataclass(frozen=True)
class Reduced:
    """A picture and its reduction, luma uint8 [h, w], and the PSNR of the reduction's bicubic enlargement in dB."""

    low: np.ndarray
    high: np.ndarray
    bicubic: float


@dataclass(frozen=True)
class Found:
    """Means over the pictures for one method at one scale."""

    method: str
    scale: float
    psnr: float
    gain: float
    """Over bicubic enlargement, dB."""
    share: float | None = None
    """Share of pixels that the heavy head made."""


def reduced(picture: np.ndarray, scale: float) -> Reduced:
    """A picture of luma, uint8 [h, w], cut to multiples of `MULTIPLE`, at one scale."""
    height, width = (side // MULTIPLE * MULTIPLE for side in picture.shape)
    high = np.ascontiguousarray(picture[:height, :width])
    low = resized(high[None], (round(width / scale), round(height / scale)), Image.BICUBIC)[0]
    return Reduced(low, high, psnr(resized(low[None], (width, height), Image.BICUBIC)[0], high, border(scale)))


def border(scale: float) -> int:
    """Pixels that are left out along each side."""
    return int(np.ceil(scale))


def pictures(folder: Path, mosaic: bool = False) -> list[np.ndarray]:
    """Luma of the pictures below `folder`; as a `mosaic`, four of one size in one, upright ones turned."""
    found = [planes(Image.open(file).convert("RGB"), 1)[0] for file in image_files(folder)]
    if not mosaic:
        return found
    lying = [np.rot90(picture) if picture.shape[0] > picture.shape[1] else picture for picture in found]
    count = ACROSS * ACROSS
    return [np.block([lying[first : first + ACROSS], lying[first + ACROSS : first + count]]) for first in range(0, len(lying) - count + 1, count)]


def of_bundle(bundle: Bundle, given: list[Reduced], scale: float, ks: list[float | str], refine: tuple[bool, ...] = (False,)) -> list[Found]:
    """A row for each decision, with refinement and without if `refine` says so."""
    rows: dict[tuple[float | str, bool], list[tuple[float, float, float]]] = {}
    for one in given:
        parts = bundle.parts(one.low, one.high.shape)
        for k in ks:
            for smooth in refine:
                made = parts.enlarged(k, smooth)
                quality = psnr(made.picture, one.high, border(scale))
                rows.setdefault((k, smooth), []).append((quality, quality - one.bicubic, float(made.heavy.mean())))
    return [Found(named(k) + (", refined" if smooth else ""), scale, *map(float, np.mean(row, axis=0))) for (k, smooth), row in rows.items()]


def of_network(session: Session, name: str, given: list[Reduced], scale: float) -> Found:
    """The row of a network of a whole scale that is no smaller than `scale`."""
    rows = []
    for one in given:
        large = session(one.low[None])
        size = one.high.shape[::-1]
        made = large if large.shape[1:] == one.high.shape else resized(large, size, Image.BICUBIC)
        quality = psnr(made[0], one.high, border(scale))
        rows.append((quality, quality - one.bicubic))
    return Found(name, scale, *map(float, np.mean(rows, axis=0)))


def named(k: float | str) -> str:
    """The name of a decision in a table."""
    if k == "adaptive":
        return "adaptive"
    return {ALL_HEAVY: "all heavy", ALL_LIGHT: "all light"}.get(k, f"k = {k:g}")


def evaluated(bundles: dict[str, Bundle], models: Path, beside: list[str], high: list[np.ndarray], scales: list[float], ks: list[float | str], refine: tuple[bool, ...]) -> list[Found]:
    """All rows: bicubic, the networks `beside` in int8, and each bundle, by the name of its precision."""
    rows = []
    for scale in scales:
        given, whole = [reduced(picture, scale) for picture in high], max(2, int(np.ceil(scale)))
        rows.append(Found("bicubic", scale, float(np.mean([one.bicubic for one in given])), 0.0))
        for family in beside:
            then = "" if whole == scale else ", bicubic down"
            rows.append(of_network(Session(str(models / f"{family}-x{whole}-int8.onnx")), f"{family} x{whole}{then}", given, scale))
        for precision, bundle in bundles.items():
            rows += [Found(f"pcsr {precision} {row.method}", row.scale, row.psnr, row.gain, row.share) for row in of_bundle(bundle, given, scale, ks, refine)]
    return rows


def table(rows: list[Found]) -> str:
    """The rows for a terminal."""
    lines = [f"{'method':36} {'x':>5} {'Y-PSNR':>8} {'>bicubic':>9} {'heavy':>6}"]
    lines += [f"{row.method:36} {row.scale:5g} {row.psnr:8.3f} {row.gain:+9.3f} {'' if row.share is None else f'{row.share:6.1%}'}" for row in rows]
    return "\n".join(lines)
