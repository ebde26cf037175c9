"""Photographs as files, planes and enlargements.

Low resolution is made from the whole photograph by Pillow's BICUBIC, whose antialiasing is that of MATLAB's
imresize: the degradation that the super-resolution literature measures against.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from .color import luma8

IMAGE_TYPES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}

SHRINKING = {"bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
"""The filters that photographs may be brought to other sizes by, before anything is made of them."""


def image_files(folder: Path) -> list[Path]:
    """Every image below `folder`, sorted, so that a run sees the same order on every machine."""
    files = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in IMAGE_TYPES)
    if not files:
        raise SystemExit(f"No images below {folder}. Expected PNG or JPEG photographs; give another folder with --data.")
    return files


def degrade(image: Image.Image, scale: int) -> tuple[Image.Image, Image.Image]:
    """(low, high): the image cut to a multiple of `scale`, and its bicubic reduction (Pillow BICUBIC, antialiased)."""
    width, height = (side // scale * scale for side in image.size)
    high = image.crop((0, 0, width, height))
    return high.resize((width // scale, height // scale), Image.BICUBIC), high


def planes(image: Image.Image, channels: int) -> np.ndarray:
    """RGB picture to uint8 [channels, h, w]: luma for 1 channel, RGB for 3."""
    rgb = np.asarray(image)
    return luma8(rgb)[None] if channels == 1 else np.ascontiguousarray(rgb.transpose(2, 0, 1))


def bicubic(plane: np.ndarray, scale: int) -> np.ndarray:
    """Pillow BICUBIC, rounded to uint8, each channel of [c, h, w] by itself."""
    return resample(plane, scale, Image.BICUBIC)


def resample(plane: np.ndarray, scale: int, kernel: Image.Resampling) -> np.ndarray:
    """Each channel of uint8 [c, h, w] enlarged `scale` times by Pillow."""
    return resized(plane, (plane.shape[2] * scale, plane.shape[1] * scale), kernel)


def resized(plane: np.ndarray, size: tuple[int, int], kernel: Image.Resampling) -> np.ndarray:
    """Each channel of uint8 [c, h, w] resized to `size`, (width, height), by Pillow; uint8 [c, height, width]."""
    return np.stack([np.asarray(Image.fromarray(channel).resize(size, kernel)) for channel in plane])
