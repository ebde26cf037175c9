"""What a network was made from: the photographs and their licences, and how the training went."""

import csv
import json
from collections import Counter
from pathlib import Path

import onnx

from .data import image_files
from .graph import facts_of


def data_summary(data: Path) -> list[dict]:
    """Source, number of pictures and licences of what lies in train/, by train/MANIFEST.tsv; unlisted pictures say so."""
    present = {path.name for path in image_files(data / "train")}
    listed: dict[str, Counter] = {}
    manifest = data / "train" / "MANIFEST.tsv"
    if manifest.exists():
        with manifest.open(newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                if Path(row["file"]).name in present:
                    present.discard(Path(row["file"]).name)
                    listed.setdefault(row["source"], Counter())[row["licence"]] += 1
    summary = [{"source": source, "pictures": sum(count.values()), "licences": dict(count)} for source, count in sorted(listed.items())]
    if present:
        summary.append({"source": "not listed in MANIFEST.tsv", "pictures": len(present), "licences": {"unknown": len(present)}})
    return summary


def history(run: Path) -> list[dict]:
    """The lines of a run's log.jsonl; after a restart the later line of a step counts."""
    path = run / "log.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for _, line in sorted({line["step"]: line for line in lines}.items())]


def earlier_runs(start: Path) -> list[dict]:
    """The runs behind a float model that a new run starts from, oldest first: network, steps, optimizer, rate, gain by step."""
    facts = facts_of(onnx.load(start))
    if "history" not in facts:
        return []
    lines, recipe = json.loads(facts["history"]), json.loads(facts["recipe"])
    own = {
        "network": f"{facts['family']} x{facts['scale']}",
        "steps": int(facts["step"]),
        "optimizer": recipe.get("optimizer", "adam"),
        "peak_rate": recipe["peak_rate"],
        "gains": [[line["step"], line["val_gain_db"]] for line in lines if "val_gain_db" in line],
    }
    return [*next((line.get("earlier", []) for line in lines if "start_from" in line), []), own]
