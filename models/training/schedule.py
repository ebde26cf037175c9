"""One cycle: a short linear warm-up to the peak rate, then a cosine to nothing (Smith and Topin 2018, arXiv 1708.07120)."""

import math

WARM_UP = 0.03
"""Share of all steps."""


def learning_rate(step: int, steps: int, peak: float) -> float:
    """The rate for `step` of `steps`, counted from 0."""
    position = (step + 1) / steps
    if position < WARM_UP:
        return peak * position / WARM_UP
    return peak * 0.5 * (1 + math.cos(math.pi * (position - WARM_UP) / (1 - WARM_UP)))
