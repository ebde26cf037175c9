"""models/manifest.json: what each shipped model is, where it came from, and what it was measured to do."""

import hashlib
import json
from pathlib import Path

import onnx

from ..networks.onnx_reader import facts_of

VERSION = 1


def model_id(facts: dict[str, str], precision: str) -> str:
    """`<family>[-rgb][-video|-coarse]-x<scale>-<precision>`, which is the file's name too; no scale for networks that restore or that take any."""
    return f"{card_name(facts)}-{precision}"


def card_name(facts: dict[str, str]) -> str:
    """Both precisions of a network share a card, and all models of a bundle."""
    scale = f"-x{facts['scale']}" if _has_scale(facts) else ""
    return f"{facts['family']}{'-rgb' if facts['planes'] == 'rgb' else ''}{_content(facts)}{scale}"


def entry(file: Path, measured: dict[str, dict[str, float]]) -> dict:
    """The manifest's entry for a written model."""
    facts, content = facts_of(onnx.load(file)), file.read_bytes()
    return {
        "id": file.stem,
        "family": facts["family"] + _content(facts),
        **({"scale": int(facts["scale"])} if _has_scale(facts) else {}),
        "precision": facts["precision"],
        "planes": facts["planes"],
        "file": file.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "halo": int(facts["halo"]),
        "align": int(facts["align"]),
        "parameters": int(facts["parameters"]),
        "macsPerPixel": int(facts["macsPerPixel"]),
        "licence": facts["licence"],
        "paper": facts["paper"],
        "card": f"{facts.get('bundle', card_name(facts))}.md",
        "measured": measured,
    }


def _has_scale(facts: dict[str, str]) -> bool:
    return facts["planes"] != "yuv" and "scale" in facts


def _content(facts: dict[str, str]) -> str:
    """The ending of names of networks for compressed video; nothing for all others."""
    return f"-{facts['content']}" if "content" in facts else ""


def read(folder: Path) -> list[dict]:
    """Entries of the manifest in `folder`; none if there is no manifest."""
    path = folder / "manifest.json"
    if not path.exists():
        return []
    content = json.loads(path.read_text())
    if content.get("version") != VERSION:
        raise SystemExit(f"{path} is of version {content.get('version')}; this exporter writes version {VERSION}. Remove it to start afresh.")
    return content["models"]


def cards(folder: Path) -> list[str]:
    """Names of all cards in `folder`, such as abpn-x3."""
    return sorted({entry["card"].removesuffix(".md") for entry in read(folder)})


def replace(folder: Path, entries: list[dict]) -> None:
    """Write `entries` in the place of those of the same ids; the others stay as they are."""
    others = [old for old in read(folder) if old["id"] not in {new["id"] for new in entries}]
    models = sorted([*others, *entries], key=lambda model: model["id"])
    partial = folder / "manifest.json.partial"
    partial.write_text(json.dumps({"version": VERSION, "models": models}, indent=2, ensure_ascii=False) + "\n")
    partial.replace(folder / "manifest.json")
