"""A run of a restoring network to shipped files: float model, manifest entry, card. They are float: what takes their time are depthwise
convolutions, gates and sums, which int8 does not make faster."""

from pathlib import Path

import numpy as np
import onnx

from ..data.restorable import measured_pictures, with_noise
from ..measure.planar_runtime import PlanarSession
from ..measure.restoration import BLURS, SIGMAS, Probe, blurred_probe, quality
from ..networks.planar_graph import planar_model
from ..train.checkpoint import averaged_network
from ..train.recipe import Recipe
from . import manifest, restoring_card
from .facts import LICENCE, compact, training_facts

FOLDERS = {"kodak": "eval/kodak", "val": "val", "val2": "val2"}
FIELDS = ("psnrY", "psnrUV", "ssimY")


def export_restoring(run: Path, data: Path, out: Path) -> list[Path]:
    """Write the float model of `run`, its manifest entry and its card below `out`."""
    recipe, network, step = averaged_network(run)
    facts = {
        "family": f"{recipe.family}-{recipe.task}",
        "title": network.title,
        "paper": network.paper,
        "licence": LICENCE,
        "scale": str(recipe.scale),
        "planes": "yuv",
        "precision": "fp32",
        "halo": str(network.halo),
        "align": str(network.align),
        **training_facts(recipe, network, step, run, data),
    }
    model = planar_model(network, facts)
    onnx.helper.set_model_props(model, {**facts, "align": str(network.align), "measured": compact(measured(PlanarSession(model), recipe, data))})
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{manifest.model_id(facts, 'fp32')}.onnx"
    partial = file.with_suffix(".partial")
    onnx.save(model, partial)
    partial.replace(file)
    manifest.replace(out, [manifest.entry(file, {})])
    return [file, restoring_card.write(out, file.stem.removesuffix("-fp32"))]


def measured(session: PlanarSession, recipe: Recipe, data: Path) -> dict[str, dict[str, dict[str, list[float]]]]:
    """The means of FIELDS as given and as restored over all pictures, by folder and degradation; of denoising, the clean pictures' mean change, too.

    Noise is of seed 0, the same for each picture.
    """
    result = {}
    for name, place in FOLDERS.items():
        if not (data / place).is_dir():
            continue
        pictures = measured_pictures(data / place)
        if recipe.task == "denoise":
            cases = {f"sigma {sigma:g}": [Probe(with_noise(truth, sigma, 0), truth) for truth in pictures] for sigma in SIGMAS}
        else:
            cases = {blur: [blurred_probe(truth, index, 0) for truth in pictures] for index, (blur, _, _) in enumerate(BLURS)}
        result[name] = {case: _scores(session, probes) for case, probes in cases.items()}
        if recipe.task == "denoise":
            changes = [[np.abs(ours.astype(int) - theirs).mean() for ours, theirs in zip(session(truth).each(), truth.each())] for truth in pictures]
            result[name]["clean"] = {"change": _rounded(np.mean(changes, axis=0))}
    return result


def _scores(session: PlanarSession, probes: list[Probe]) -> dict[str, list[float]]:
    rows = {"given": [], "restored": []}
    for probe in probes:
        for kind, planes in (("given", probe.given), ("restored", session(probe.given))):
            found = quality(planes, probe.truth)
            rows[kind].append((found.luma, found.chroma, found.ssim))
    return {kind: _rounded(np.mean(scores, axis=0)) for kind, scores in rows.items()}


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
