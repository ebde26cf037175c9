"""Sources and licences of the training photographs, for the cards."""

import csv
import json
from collections import Counter
from pathlib import Path

from ..data.pictures import image_files


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


def data_section(facts: dict[str, str], chosen: str) -> str:
    """The card's section on the pictures that a model's facts tell of; `chosen` says by which pictures checkpoints were chosen."""
    lines = ["## Data", "", "| source | pictures | licences |", "|---|---|---|"]
    for source in json.loads(facts["data"]):
        licences = ", ".join(f"{licence} ({count})" if len(source["licences"]) > 1 else licence for licence, count in sorted(source["licences"].items()))
        lines.append(f"| {source['source']} | {source['pictures']} | {licences} |")
    return "\n".join([*lines, "", f"{chosen} Kodak was only reported on."])
