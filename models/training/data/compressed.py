"""Pictures as H.264 leaves them: encoded by ffmpeg's libx264 as a short pan, and the last frame decoded again."""

import numpy as np

from .codecs import Encoding, decoded
from .planar import Planes

RATES = (20, 24, 28, 32, 36)
"""The CRF of the encoder, from good to poor."""
FRAMES, STEP = 3, 2
"""The picture moves by STEP luma pixels a frame, so that the last one is predicted from the others, as most frames of a video are."""


def compressed(planes: Planes, rate: int, sigma: float, random: np.random.Generator) -> tuple[Planes, Planes]:
    """(what the decoder gives, the picture itself), both without the margin that the pan takes.

    With a `sigma` above 0, in levels, each frame gets noise of its own before it is encoded: what cameras record.
    @raises SystemExit if ffmpeg is missing or fails
    """
    margin = (FRAMES - 1) * STEP
    height, width = (side - margin - (side - margin) % 8 for side in planes.y.shape)
    frames = [_cut(planes, index * STEP, height, width) for index in range(FRAMES)]
    noisy = [Planes(*(_noisy(plane, sigma, random) for plane in frame.each())) for frame in frames]
    return decoded(noisy, Encoding("x264", rate, "veryfast", 0))[-1], frames[-1]


def _cut(planes: Planes, begin: int, height: int, width: int) -> Planes:
    return Planes(*(np.ascontiguousarray(plane[begin // part :, begin // part :][: height // part, : width // part]) for plane, part in zip(planes.each(), (1, 2, 2))))


def _noisy(plane: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    if not sigma:
        return plane
    return np.clip(np.rint(plane + sigma * random.standard_normal(plane.shape, np.float32)), 0, 255).astype(np.uint8)
