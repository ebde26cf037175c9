"""The list of the pictures, data.tsv: their origin, SHA-256 and licence; and pictures held against it."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

from .pictures import IMAGE_TYPES

LIST = Path(__file__).resolve().parents[1] / "data.tsv"
FOLDERS = ("train", "val", "val2", "eval")
"""The folders of the data that hold pictures."""


@dataclass(frozen=True)
class Differences:
    """Pictures by the path below the data folder."""

    missing: list[str]
    """In the list only."""
    changed: list[str]
    """With other bytes than the list says."""
    unlisted: list[str]
    """In the folder only."""

    def any(self) -> bool:
        """True if the pictures are not those of the list."""
        return bool(self.missing or self.changed or self.unlisted)


def differences(data: Path, listing: Path = LIST) -> Differences:
    """The pictures below `data` against `listing`."""
    with listing.open(newline="") as lines:
        listed = {row["file"]: row["sha256"] for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)}
    present = [path for folder in FOLDERS for path in (data / folder).rglob("*") if path.suffix.lower() in IMAGE_TYPES]
    found = {path.relative_to(data).as_posix(): path for path in present}
    changed = [name for name, path in found.items() if name in listed and hashlib.sha256(path.read_bytes()).hexdigest() != listed[name]]
    return Differences(sorted(set(listed) - set(found)), sorted(changed), sorted(set(found) - set(listed)))
