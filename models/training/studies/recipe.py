"""Study: what each part of the training recipe is worth, by leaving it out or putting it in. ABPN x3 on luma."""

from pathlib import Path

from ..train.recipe import Recipe
from .study import MEASURED, Rows, measured, trained

CHANGES: dict[str, dict] = {
    "as it is": {},
    "Adam, peak rate 1.5e-3, in place of SOAP": {"optimizer": "adam", "peak_rate": 1.5e-3},
    "the same with linear blocks of width 128": {"optimizer": "adam", "peak_rate": 1.5e-3, "expansion": 128},
    "SOAP with linear blocks of width 128": {"expansion": 128},
    "squared error not weighed by picture": {"weigh": False},
    "L1 to the end": {"mse_from": 1.0},
    "no running average of the weights": {"ema": 0.0},
    "JPEG photographs at the same sizes as the others": {"lossy_sizes": ()},
    "light varied by 1, 0.7, 0.5": {"intensities": (1.0, 0.7, 0.5)},
}


def run(data: Path, work: Path, steps: int, **recipe) -> Rows:
    """Train what is missing below `work`, measure, and return the rows of a table, head first. `recipe` overrides fields of `train.recipe.Recipe`."""
    rows = [["recipe", *MEASURED]]
    for number, (change, settings) in enumerate(CHANGES.items()):
        rows.append([change, *measured(trained(Recipe("abpn", 3, steps=steps, **{**recipe, **settings}), data, work / str(number)), data)])
    return rows
