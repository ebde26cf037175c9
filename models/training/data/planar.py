"""Pictures as 4:2:0 video holds them: limited-range Y, U and V of ITU-R BT.601-7 or BT.709-6, and the six channels that restoring networks read."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

MATRICES = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
"""The weights of red and blue in luma."""


@dataclass(frozen=True)
class Planes:
    """One picture: uint8 [h, w], [h/2, w/2] and [h/2, w/2]; h and w are even."""

    y: np.ndarray
    u: np.ndarray
    v: np.ndarray

    def each(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Y, U and V."""
        return self.y, self.u, self.v


def planes_of(image: Image.Image, matrix: str = "bt601", multiple: int = 2) -> Planes:
    """An RGB picture, cut to a `multiple` of pixels, as 8-bit planes; chroma is the mean of each 2x2 block, as it lies between the pixels."""
    width, height = (side // multiple * multiple for side in image.size)
    rgb = np.asarray(image.crop((0, 0, width, height)), np.float32) / 255
    red, blue = MATRICES[matrix]
    luma = red * rgb[..., 0] + (1 - red - blue) * rgb[..., 1] + blue * rgb[..., 2]
    chroma = [(rgb[..., channel] - luma) / (2 * (1 - weight)) for channel, weight in ((2, blue), (0, red))]
    small = [plane.reshape(height // 2, 2, width // 2, 2).mean((1, 3)) for plane in chroma]
    return Planes(_rounded(16 + 219 * luma), *(_rounded(128 + 224 * plane) for plane in small))


def folded(planes: Planes) -> np.ndarray:
    """uint8 [6, h/2, w/2]: the four pixels of each 2x2 block of luma, row by row, then U and V."""
    height, width = planes.u.shape
    blocks = planes.y.reshape(height, 2, width, 2).transpose(1, 3, 0, 2).reshape(4, height, width)
    return np.concatenate([blocks, planes.u[None], planes.v[None]])


def unfolded(picture: np.ndarray) -> Planes:
    """The planes that `folded` made uint8 [6, h/2, w/2] of."""
    height, width = picture.shape[1:]
    return Planes(picture[:4].reshape(2, 2, height, width).transpose(2, 0, 3, 1).reshape(2 * height, 2 * width), picture[4], picture[5])


def _rounded(plane: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)
