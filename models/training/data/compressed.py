"""Pictures as H.264 leaves them: encoded by ffmpeg's libx264 as a short pan, and the last frame decoded again."""

import shutil
import subprocess

import numpy as np

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
    raw = b"".join(_noisy(plane, sigma, random).tobytes() for frame in frames for plane in frame.each())
    size = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}"]
    stream = _ffmpeg([*size, "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-crf", str(rate), "-threads", "1", "-f", "h264", "-"], raw)
    decoded = _ffmpeg(["-f", "h264", "-threads", "1", "-i", "-", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"], stream)
    luma, chroma = height * width, height * width // 4
    last = np.frombuffer(decoded, np.uint8)[-(luma + 2 * chroma) :]
    halves = (last[luma + index * chroma : luma + (index + 1) * chroma].reshape(height // 2, width // 2) for index in (0, 1))
    return Planes(last[:luma].reshape(height, width), *halves), frames[-1]


def _cut(planes: Planes, begin: int, height: int, width: int) -> Planes:
    return Planes(*(np.ascontiguousarray(plane[begin // part :, begin // part :][: height // part, : width // part]) for plane, part in zip(planes.each(), (1, 2, 2))))


def _noisy(plane: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    if not sigma:
        return plane
    return np.clip(np.rint(plane + sigma * random.standard_normal(plane.shape, np.float32)), 0, 255).astype(np.uint8)


def _ffmpeg(arguments: list[str], content: bytes) -> bytes:
    program = shutil.which("ffmpeg")
    if not program:
        raise SystemExit("Compressed pictures need ffmpeg with libx264 on the PATH. Install it, or leave compression out with --compressed 0.")
    done = subprocess.run([program, "-v", "error", *arguments], input=content, capture_output=True)
    if done.returncode:
        raise SystemExit(f"ffmpeg failed on a picture: {done.stderr.decode(errors='replace').strip()[-400:]}")
    return done.stdout
