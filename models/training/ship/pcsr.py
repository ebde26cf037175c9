"""A run of PCSR to shipped files: the eight models of the bundle, their manifest entries, and their card."""

from dataclasses import asdict
from pathlib import Path

import onnx
from torch import nn

from ..measure.pcsr import ALL_HEAVY, ALL_LIGHT, HEADS, PARTS, Bundle
from ..measure.real_scales import Found, evaluated, pictures
from ..networks.onnx_reader import facts_of
from ..networks.pcsr import FAMILY, PAPER, TITLE, Pcsr, costs
from ..networks.pcsr_graph import backbone_model, float_steps, head_model, place_model
from ..quantise.calibrate import calibration_crops
from ..quantise.fidelity import Refused
from ..quantise.pcsr import quantised_bundle
from ..train.history import history
from ..train.pcsr import averaged_pcsr
from ..train.pcsr_validation import EVERY
from . import manifest, pcsr_card
from .facts import LICENCE, compact
from .licences import data_summary

SCALES = (1.5, 2.0, 2.25, 3.0, 4.0)
DECISIONS = (ALL_HEAVY, 0.0, "adaptive", ALL_LIGHT)
CALIBRATED_AT = (2, 3, 4)
MOST_LOSS = 0.10
"""Greatest loss of Y-PSNR in int8 that is accepted, in dB, for either head alone, on val."""


def export_pcsr(run: Path, data: Path, out: Path, crops: int = 96, beside: Path | None = None) -> list[Path]:
    """Write the bundle of `run`, its manifest entries and its card below `out`. `beside` holds networks to compare with. @raises Refused if int8 loses too much"""
    recipe, network, at = averaged_pcsr(run)
    facts = {
        "bundle": FAMILY,
        "title": TITLE,
        "paper": PAPER,
        "licence": LICENCE,
        "planes": "y",
        "align": "1",
        **{name: str(value) for name, value in at.items()},
        "recipe": compact(asdict(recipe)),
        "history": compact(history(run)),
        "data": compact(data_summary(data)),
    }
    found = [crop for scale in CALIBRATED_AT for crop in calibration_crops(data / "train", scale, 1, crops // len(CALIBRATED_AT))]
    bundles = {"fp32": float_bundle(network, {**facts, "precision": "fp32"}), "int8": quantised_bundle(network, facts, found)}
    running = {precision: Bundle(models) for precision, models in bundles.items()}
    require_fidelity(evaluated(running, out, [], pictures(data / "val")[::EVERY], list(SCALES), [ALL_HEAVY, ALL_LIGHT], (False,)))
    kodak = data / "eval" / "kodak"
    rows = evaluated(running, beside or out, pcsr_card.BESIDE if beside else [], pictures(kodak), list(SCALES), list(DECISIONS), (False,)) if kodak.is_dir() else []
    out.mkdir(parents=True, exist_ok=True)
    return _written(network, bundles, [asdict(row) for row in rows], out)


def float_bundle(network: Pcsr, facts: dict[str, str]) -> dict[str, onnx.ModelProto]:
    """The four float models, by part."""
    heads = {name: head_model(network, name, facts) for name in HEADS}
    return {"backbone": backbone_model(network, facts), **heads, "place": place_model(network, float_steps(network), dict.fromkeys(HEADS, 1.0), facts)}


def require_fidelity(rows: list[Found]) -> None:
    """@raises Refused if a head alone loses more than `MOST_LOSS` in int8 at any scale"""
    by_name = {(row.method, row.scale): row.psnr for row in rows}
    for head in ("all heavy", "all light"):
        for scale in SCALES:
            loss = by_name[f"pcsr fp32 {head}", scale] - by_name[f"pcsr int8 {head}", scale]
            if loss > MOST_LOSS:
                raise Refused(f"PCSR is not written: in int8, {head}, its Y-PSNR at x{scale:g} falls by {loss:.2f} dB against its float network (limit {MOST_LOSS}). Give more --crops, or train further.")


def _written(network: Pcsr, bundles: dict[str, dict[str, onnx.ModelProto]], measured: list[dict], out: Path) -> list[Path]:
    files = []
    for precision, models in bundles.items():
        for part in PARTS:
            own = {"family": f"{FAMILY}-{part}", "halo": str(network.halo if part == "backbone" else 0), **_size(network, part)}
            told = {"measured": compact(measured)} if (part, precision) == ("backbone", "fp32") else {}
            onnx.helper.set_model_props(models[part], {**facts_of(models[part]), **own, **told})
            file = out / f"{FAMILY}-{part}-{precision}.onnx"
            partial = file.with_suffix(".partial")
            onnx.save(models[part], partial)
            files.append(partial.replace(file))
    manifest.replace(out, [manifest.entry(file, {}) for file in files])
    return [*files, pcsr_card.write(out)]


def _size(network: Pcsr, part: str) -> dict[str, str]:
    """Parameters, and multiplications for a pixel: of the picture for the backbone, of the enlargement for a head."""
    cost, hidden = costs(network.shape), network.shape.body[-1]
    if part == "backbone":
        modules, products = [network.convs, network.firsts, network.difficulty], cost["backbone"] + cost["firsts"]
    elif part == "place":
        modules, products = [head.places for head in network.heads.values()], 1
    else:
        modules, products = [network.heads[part].layers], cost[part] - hidden * network.shape.hidden(part)[0]
    return {"parameters": str(sum(_parameters(module) for module in modules)), "macsPerPixel": str(products)}


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
