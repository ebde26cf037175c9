"""Times of models on one thread, and this CPU's features for int8."""

import time
from pathlib import Path

import numpy as np

from .runtime import Session


def milliseconds(sessions: list[Session], width: int, height: int, rounds: int = 11) -> list[float]:
    """Median time for one picture of width x height at each model's output, in CPU time of one thread, which other programs do not add to; runs
    alternate, so that what they take of caches and clock hits all alike."""
    random = np.random.default_rng(0)
    scales = [int(session.facts["scale"]) for session in sessions]
    shapes = [(1, session.channels, height // scale, width // scale) for session, scale in zip(sessions, scales)]
    batches = [random.integers(16, 236, shape, dtype=np.uint8) for shape in shapes]
    for session, batch in zip(sessions, batches):
        session.run(batch)
    times: list[list[float]] = [[] for _ in sessions]
    for _ in range(rounds):
        for session, batch, taken in zip(sessions, batches, times):
            start = time.process_time()
            session.run(batch)
            taken.append((time.process_time() - start) * 1000)
    return [float(np.median(taken)) for taken in times]


def int8_features() -> list[str]:
    """This CPU's instructions for 8-bit products, by Linux's names; empty where /proc/cpuinfo is missing."""
    cpuinfo = Path("/proc/cpuinfo")
    known = ("avx2", "avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
    flags = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    return [name for name in known if name in flags]
