"""History of a network: the log of its run, and the runs it began from."""

import json
from pathlib import Path

import onnx

from ..networks.onnx_reader import facts_of


def history(run: Path) -> list[dict]:
    """The lines of a run's log.jsonl; after a restart the later line of a step counts."""
    path = run / "log.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for _, line in sorted({line["step"]: line for line in lines}.items())]


def earlier_runs(start: Path) -> list[dict]:
    """The runs behind a float model that a new run starts from, oldest first: network, steps, optimizer, rate, whole recipe, gain by step.

    Older runs were told of without their recipe.
    """
    facts = facts_of(onnx.load(start))
    if "history" not in facts:
        return []
    lines, recipe = json.loads(facts["history"]), json.loads(facts["recipe"])
    own = {
        "network": f"{facts['family']} x{facts['scale']}",
        "steps": int(facts["step"]),
        "optimizer": recipe.get("optimizer", "adam"),
        "peak_rate": recipe["peak_rate"],
        "recipe": recipe,
        "gains": [[line["step"], line["val_gain_db"]] for line in lines if "val_gain_db" in line],
    }
    return [*next((line.get("earlier", []) for line in lines if "start_from" in line), []), own]
