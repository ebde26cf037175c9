"""The learning rate over a run, counted from step 0."""

import math

WARM_UP = 0.03
"""Share of all steps of the one cycle."""


def learning_rate(step: int, steps: int, peak: float) -> float:
    """One cycle: a short linear warm-up to the peak rate, then a cosine to nothing (Smith and Topin 2018, arXiv 1708.07120)."""
    position = (step + 1) / steps
    if position < WARM_UP:
        return peak * position / WARM_UP
    return peak * 0.5 * (1 + math.cos(math.pi * (position - WARM_UP) / (1 - WARM_UP)))


def triangular(step: int, steps: int, peak: float) -> float:
    """XLSR's: from a fiftieth of the peak up to it in the first hundredth of the steps, then straight down to a twenty-fifth
    (arXiv 2105.10288: 5e-5, 2.5e-3 at epoch 50 of 5000, 1e-4)."""
    position, top = step / steps, 0.01
    if position < top:
        return peak * (0.02 + 0.98 * position / top)
    return peak * (1 - 0.96 * (position - top) / (1 - top))


SCHEDULES = {"one-cycle": learning_rate, "triangular": triangular}
