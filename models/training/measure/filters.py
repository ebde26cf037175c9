"""Filters of ffmpeg on one picture of planes, and the processor time that they take: what restoring networks are measured beside."""

import resource
import shutil
import subprocess

import numpy as np

from ..data.planar import Planes

REPEATED = 8
"""Runs of the filter in one process, over which the time of a start is spread."""


def denoisers(sigma: float) -> dict[str, list[str]]:
    """The grids: bm3d by its own sigma, which is no number of levels: several times the true one acts, and groups of one block; nlmeans by strength and patch."""
    bm3d = [f"bm3d=sigma={sigma * factor:.0f}:block=4:bstep=4:group=1:range=9" for factor in (3, 4, 5, 6)]
    nlmeans = [f"nlmeans=s={min(strength * sigma / 25, 30):.1f}:p={patch}:r=11" for strength in (10, 14, 20) for patch in (3, 5)]
    return {"bm3d": bm3d, "nlmeans": nlmeans}


def filtered(planes: Planes, graph: str) -> Planes:
    """The picture behind a filter graph, "nlmeans=s=8". @raises SystemExit if ffmpeg is missing or refuses"""
    height, width = planes.y.shape
    raw = b"".join(plane.tobytes() for plane in planes.each())
    found = np.frombuffer(_run(planes, ["-vf", f"{graph},format=yuv420p", "-f", "rawvideo", "-"], raw), np.uint8)
    chroma = height * width // 4
    return Planes(found[: 4 * chroma].reshape(height, width), *(found[(4 + part) * chroma : (5 + part) * chroma].reshape(height // 2, width // 2) for part in (0, 1)))


def milliseconds(planes: Planes, graph: str) -> float:
    """Processor time of the filter for one frame on one thread: that of a process with the filter less that of one without."""
    raw = b"".join(plane.tobytes() for plane in planes.each()) * REPEATED
    times = []
    for chain in ("null", graph):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(planes, ["-vf", chain, "-f", "null", "-"], raw)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return (times[1] - times[0]) * 1000 / REPEATED


def _run(planes: Planes, arguments: list[str], raw: bytes) -> bytes:
    program = shutil.which("ffmpeg")
    if not program:
        raise SystemExit("The comparison with ffmpeg's filters needs ffmpeg on the PATH.")
    height, width = planes.y.shape
    size = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-i", "-"]
    done = subprocess.run([program, "-v", "error", "-filter_threads", "1", *size, *arguments], input=raw, capture_output=True)
    if done.returncode:
        raise SystemExit(f"ffmpeg refused {arguments}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout
