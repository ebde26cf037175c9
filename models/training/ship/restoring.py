"""A run of a restoring network to shipped files: float model, int8 model where there is one, manifest entries, card.

LPIENet is float alone: what takes its time are depthwise convolutions, gates and sums, which int8 does not make faster.
"""

from pathlib import Path

import numpy as np
import onnx

from ..data.restorable import measured_pictures, with_noise
from ..measure.planar_runtime import PlanarSession
from ..measure.restoration import BLURS, SIGMAS, Probe, blurred_probe, quality
from ..networks.graph import float_model
from ..networks.onnx_reader import facts_of
from ..networks.stack import Stack
from ..quantise.fidelity import Refused
from ..quantise.qat import quantised_average
from ..quantise.restoring import crops_of, plainly_quantised, shipped
from ..train.checkpoint import averaged_network
from ..train.recipe import Recipe, family_of
from . import manifest, restoring_card
from .export import Choices
from .facts import LICENCE, compact, training_facts

FOLDERS = {"kodak": "eval/kodak", "val": "val", "val2": "val2"}
MOST_LOSS = 0.3
"""Greatest loss of Y-PSNR to int8 that is accepted, in dB, for each folder and noise. A correction as large as strong noise has to be summed exactly, which is
harder than the small one of a network that enlarges."""
FIELDS = ("psnrY", "psnrUV", "ssimY")


def export_restoring(run: Path, data: Path, out: Path, choices: Choices = Choices()) -> list[Path]:
    """Write the models of `run`, their manifest entries and their card below `out`. @raises Refused if int8 loses more than MOST_LOSS; nothing is written then"""
    recipe, network, step = averaged_network(run)
    facts = {
        "family": family_of(recipe),
        "title": network.title,
        "paper": network.paper,
        "licence": LICENCE,
        "scale": str(recipe.scale),
        "planes": "yuv",
        "channels": str(network.channels),
        "halo": str(network.halo),
        "align": str(network.align),
        **training_facts(recipe, network, step, run, data),
    }
    models = {"fp32": float_model(network, {**facts, "precision": "fp32"})}
    if isinstance(network, Stack):
        quantised = quantised_average(choices.qat, facts) if choices.qat else plainly_quantised(network, facts, crops_of(recipe, data, choices.crops), choices.calibration, choices.percentile)
        models["int8"] = shipped(quantised)
    results = {precision: measured(PlanarSession(model), recipe, data) for precision, model in models.items()}
    _require_fidelity(manifest.model_id(facts, "int8"), results)
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for precision, model in models.items():
        onnx.helper.set_model_props(model, {**facts_of(model), "measured": compact(results[precision])})
        file = out / f"{manifest.model_id(facts, precision)}.onnx"
        partial = file.with_suffix(".partial")
        onnx.save(model, partial)
        files.append(partial.replace(file))
    manifest.replace(out, [manifest.entry(file, {}) for file in files])
    return [*files, restoring_card.write(out, manifest.card_name(facts))]


def _require_fidelity(name: str, results: dict[str, dict]) -> None:
    """@raises Refused unless int8 comes within MOST_LOSS dB of float in Y-PSNR, for each folder and degradation"""
    if "int8" not in results:
        return
    for folder, cases in results["int8"].items():
        for case, found in cases.items():
            loss = results["fp32"][folder][case]["restored"][0] - found["restored"][0] if "restored" in found else 0.0
            if loss > MOST_LOSS:
                raise Refused(f"{name} is not written: in int8 its Y-PSNR on {folder} with {case} falls by {loss:.2f} dB (limit {MOST_LOSS}). Fine-tune it with `python -m training qat` and export with --qat.")


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
