"""PSNR and SSIM on a folder of pictures, for a network in training and for ONNX files as they are shipped.

Low resolution is Pillow's BICUBIC reduction of each picture; PSNR and SSIM are measured on luma (BT.601, 8 bits) with a
border of `scale` pixels left out, and averaged over the pictures.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ..data.color import luma8
from ..data.pairs import Pair, load_pairs
from ..data.pictures import bicubic, resample
from .metrics import psnr, ssim
from .runtime import Session

Upscaler = Callable[[np.ndarray], np.ndarray]
"""uint8 [c, h, w] to uint8 [c, h*scale, w*scale]."""


@dataclass(frozen=True)
class Score:
    """Means over a folder."""

    psnr: float
    """Y-PSNR in dB."""
    ssim: float
    luma_shift: float
    """Mean luma less the original's, in levels of 0..255: a network that has gone dark is below 0."""


def gain_of(upscale: Upscaler, pairs: list[Pair], scale: int) -> float:
    """Mean over `pairs` of the network's Y-PSNR less bicubic's, in dB."""
    return float(np.mean([_y_psnr(upscale(p.low), p.high, scale) - _y_psnr(bicubic(p.low, scale), p.high, scale) for p in pairs]))


def lanczos(plane: np.ndarray, scale: int) -> np.ndarray:
    """Pillow LANCZOS (3 lobes), rounded to uint8, each channel of [c, h, w] by itself."""
    return resample(plane, scale, Image.LANCZOS)


def score(upscale: Upscaler, pairs: list[Pair], scale: int) -> Score:
    """Means over `pairs` of Y-PSNR in dB, SSIM and luma shift in levels; a border of `scale` pixels is left out of the first two."""
    rows = []
    for pair in pairs:
        ours, truth = y_plane(upscale(pair.low)), y_plane(pair.high)
        rows.append((psnr(ours, truth, scale), ssim(ours, truth, scale), np.mean(ours) - np.mean(truth)))
    return Score(*(float(mean) for mean in np.mean(rows, axis=0)))


def baselines(pairs: list[Pair], scale: int) -> dict[str, Score]:
    """Scores of bicubic and Lanczos enlargement, which need no network; at a scale of 1 both are the picture as given, which "bicubic" stands for."""
    methods = {"bicubic": bicubic, "lanczos": lanczos} if scale > 1 else {"bicubic": bicubic}
    return {name: score(lambda low: method(low, scale), pairs, scale) for name, method in methods.items()}


def evaluate_files(files: list[Path], folder: Path) -> list[dict]:
    """One row per method and file, on every picture below `folder`; files of one scale and plane share their baselines."""
    rows: list[dict] = []
    groups: dict[tuple[int, int], list[tuple[str, Session]]] = {}
    for file in files:
        session = Session(str(file))
        groups.setdefault((int(session.facts["scale"]), session.channels), []).append((file.name, session))
    for (scale, channels), sessions in groups.items():
        pairs = load_pairs(folder, scale, channels, minimum=1)
        scores = {**baselines(pairs, scale), **{name: score(session, pairs, scale) for name, session in sessions}}
        for name, found in scores.items():
            gain = {f"gain_over_{base}": found.psnr - scores[base].psnr for base in ("bicubic", "lanczos") if base in scores}
            rows.append({"method": name, "scale": scale, "planes": "y" if channels == 1 else "rgb", "pictures": len(pairs), **asdict(found), **gain})
    return rows


def table(rows: list[dict]) -> str:
    """The rows of `evaluate_files` for a terminal."""
    lines = [f"{'method':32} {'x':>2} {'planes':>6} {'pictures':>8} {'Y-PSNR':>8} {'SSIM':>8} {'shift':>7} {'>bicubic':>9} {'>lanczos':>9}"]
    for row in rows:
        lines.append(
            f"{row['method']:32} {row['scale']:2} {row['planes']:>6} {row['pictures']:8} {row['psnr']:8.3f} {row['ssim']:8.4f} "
            f"{row['luma_shift']:+7.3f} {row['gain_over_bicubic']:+9.3f} {row['gain_over_lanczos']:+9.3f}"
        )
    return "\n".join(lines)


def y_plane(picture: np.ndarray) -> np.ndarray:
    """uint8 [c, h, w] to its luma, float64 [h, w], whole levels of 0..255."""
    return (picture[0] if picture.shape[0] == 1 else luma8(picture.transpose(1, 2, 0))).astype(np.float64)


def _y_psnr(picture: np.ndarray, truth: np.ndarray, scale: int) -> float:
    return psnr(y_plane(picture), y_plane(truth), scale)
