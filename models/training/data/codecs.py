"""Frames as video encoders leave them: encoded by ffmpeg, and decoded again. Needs an ffmpeg with libx264, libx265 and mpeg4."""

import shutil
import subprocess
from dataclasses import dataclass

import numpy as np

from .planar import Planes

CODECS = {"x264": ("libx264", "-crf", ()), "x265": ("libx265", "-crf", ("-x265-params", "log-level=none:pools=none:frame-threads=1")), "mpeg4": ("mpeg4", "-q:v", ())}
"""Each codec's encoder in ffmpeg, the option that takes its quality, and options that it is always given."""


@dataclass(frozen=True)
class Encoding:
    """An encoder's settings; `quality` is the CRF of x264 and x265, and the quantiser of mpeg4: the greater, the poorer. mpeg4 has no `preset`."""

    codec: str
    quality: int
    preset: str = ""
    b_frames: int | None = None
    """The most B-frames in a row; None: the encoder's own choice."""


def decoded(frames: list[Planes], encoding: Encoding) -> list[Planes]:
    """The frames of one video, of one size, after encoder and decoder. One thread each, so that they come out alike on every run.

    @raises SystemExit if ffmpeg is missing or fails
    """
    height, width = frames[0].y.shape
    encoder, rate, always = CODECS[encoding.codec]
    size = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}"]
    given = ["-preset", encoding.preset] if encoding.preset else []
    given += [] if encoding.b_frames is None else ["-bf", str(encoding.b_frames)]
    raw = b"".join(plane.tobytes() for frame in frames for plane in frame.each())
    stream = _ffmpeg([*size, "-i", "-", "-c:v", encoder, *always, *given, rate, str(encoding.quality), "-threads", "1", "-f", "nut", "-"], raw)
    content = np.frombuffer(_ffmpeg(["-f", "nut", "-threads", "1", "-i", "-", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"], stream), np.uint8)
    luma, chroma = height * width, height * width // 4
    if len(content) != len(frames) * (luma + 2 * chroma):
        raise SystemExit(f"ffmpeg decoded {len(content) / (luma + 2 * chroma):g} frames of the {len(frames)} that {encoder} was given. Try another build of ffmpeg.")
    result = []
    for frame in content.reshape(len(frames), -1):
        halves = (frame[luma + index * chroma : luma + (index + 1) * chroma].reshape(height // 2, width // 2) for index in (0, 1))
        result.append(Planes(frame[:luma].reshape(height, width), *halves))
    return result


def _ffmpeg(arguments: list[str], content: bytes) -> bytes:
    program = shutil.which("ffmpeg")
    if not program:
        raise SystemExit("Compressed pictures need ffmpeg with libx264 on the PATH. Install it, or leave compression out with --compressed 0.")
    done = subprocess.run([program, "-v", "error", *arguments], input=content, capture_output=True)
    if done.returncode:
        raise SystemExit(f"ffmpeg failed on a picture: {done.stderr.decode(errors='replace').strip()[-400:]}")
    return done.stdout
