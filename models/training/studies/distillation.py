"""Study: one student, the same steps, without and with a teacher. ABPN x3 on luma learns from a wider network of ours.

The teacher enlarges every training picture once, before the first step; the student's loss is then the share
1 - `distillation` of its distance to the photograph and the share `distillation` of that to the teacher's picture.
"""

from pathlib import Path

import onnx

from ..networks.graph import float_model
from ..train.recipe import Recipe
from .study import MEASURED, Rows, measured, trained

SHARES = (0.0, 0.5)
TEACHER_STEPS = 0.75
"""Steps of the teacher, as a share of the student's: each takes several times as long."""


def run(data: Path, work: Path, steps: int, **recipe) -> Rows:
    """Train what is missing below `work`, measure, and return the rows of a table, head first. `recipe` overrides fields of `train.recipe.Recipe`."""
    taught_by = trained(Recipe("teacher", 3, steps=round(steps * TEACHER_STEPS), **{**recipe, "patch": 48}), data, work / "teacher")
    teacher = work / "teacher.onnx"
    onnx.save(float_model(taught_by.network, taught_by.facts), teacher)
    rows = [["share of the teacher", *MEASURED], ["(the teacher itself)", *measured(taught_by, data)]]
    for share in SHARES:
        found = trained(Recipe("abpn", 3, steps=steps, distillation=share, **recipe), data, work / f"share-{share}", teacher if share else None)
        rows.append([f"{share:g}", *measured(found, data)])
    return rows
