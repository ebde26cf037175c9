"""Times of models on one thread, and this CPU's features for int8."""

import time

import numpy as np

from .cpu import cpu_flags
from .runtime import Session


def milliseconds(sessions: list[Session], width: int, height: int, rounds: int = 11) -> list[float]:
    """Median time for one picture of width x height at each model's output, in CPU time of one thread, which other programs do not add to; runs
    alternate, so that what they take of caches and clock hits all alike."""
    scales = [int(session.facts["scale"]) for session in sessions]
    return input_milliseconds(sessions, [(width // scale, height // scale) for scale in scales], rounds)


def input_milliseconds(sessions: list[Session], sizes: list[tuple[int, int]], rounds: int) -> list[float]:
    """The same for pictures of a width and height of its own at each model's input."""
    random = np.random.default_rng(0)
    feeds = [{name: random.integers(16, 236, shape, dtype=np.uint8) for name, shape in session.input_shapes(*size).items()} for session, size in zip(sessions, sizes)]
    for session, tensors in zip(sessions, feeds):
        session.feed(tensors)
    times: list[list[float]] = [[] for _ in sessions]
    for _ in range(rounds):
        for session, tensors, taken in zip(sessions, feeds, times):
            start = time.process_time()
            session.feed(tensors)
            taken.append((time.process_time() - start) * 1000)
    return [float(np.median(taken)) for taken in times]


def int8_features() -> list[str]:
    """This CPU's instructions for 8-bit products, by Linux's names."""
    known = ("avx2", "avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
    return [name for name in known if name in cpu_flags()]
