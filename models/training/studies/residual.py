"""Study: where a network for int8 should add its input back (the residual ablation of the ABPN paper, arXiv 2105.09750).

ABPN x3 on luma four times: with nothing added, with the first features added to the last, with the bilinearly enlarged
input added to the output, and with its own anchor, the input repeated.
"""

from pathlib import Path

from ..train.recipe import Recipe
from .study import MEASURED, Rows, measured, trained

WAYS = {"none": "abpn-none", "feature space": "abpn-feature", "image space, bilinear": "abpn-image", "anchor": "abpn"}


def run(data: Path, work: Path, steps: int, **recipe) -> Rows:
    """Train what is missing below `work`, measure, and return the rows of a table, head first. `recipe` overrides fields of `train.recipe.Recipe`."""
    return [
        ["residual", *MEASURED],
        *([way, *measured(trained(Recipe(family, 3, steps=steps, **recipe), data, work / family), data)] for way, family in WAYS.items()),
    ]
