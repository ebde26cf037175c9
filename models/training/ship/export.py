"""A training run to shipped files: float model, int8 model (quantised, lowered, checked for fidelity), manifest, card."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import onnx
import torch

from ..data import video_pairs
from ..data.pairs import Pair, load_pairs
from ..measure.evaluate import Score, baselines, score
from ..measure.runtime import Session
from ..measure.timing import int8_features, milliseconds
from ..networks.graph import float_model, folded_model
from ..networks.onnx_reader import facts_of
from ..quantise.calibrate import PERCENTILE, calibration_crops
from ..quantise.equalise import equalise
from ..quantise.fidelity import compare, layer_report, require_fidelity
from ..quantise.lower import lower, prove_equal
from ..quantise.ptq import post_training
from ..train.checkpoint import averaged_network
from ..train.history import history
from ..train.recipe import Recipe, content_of
from . import card, manifest
from .facts import LICENCE, compact, training_facts

TIMED_AT = (640, 360)


@dataclass(frozen=True)
class Choices:
    """Options of the export: calibration method, the share of the values that the method "percentile" keeps, number of crops, the run of a fine-tuned int8 network, a folder for the model before lowering, and
    compressed video to measure on (`data.video_pairs`)."""

    calibration: str = "minmax"
    percentile: float = PERCENTILE
    crops: int = 100
    qat: Path | None = None
    keep_unlowered: Path | None = None
    cache: Path | None = None


def export(run: Path, data: Path, out: Path, choices: Choices = Choices()) -> list[Path]:
    """Write both models of `run`, their manifest entries and their card below `out`; nothing is written if int8 fails the fidelity check."""
    recipe, network, step = averaged_network(run)
    sets = measured_sets(data, recipe.scale, recipe.channels, choices.cache)
    facts = _facts(recipe, network, step, run, data) | {"baselines": compact({name: _scores(baselines(pairs, recipe.scale)) for name, pairs in sets.items()})}
    floats = float_model(network, {**facts, "precision": "fp32"})

    crops = calibration_crops(data / "train", recipe.scale, recipe.channels, choices.crops)
    if equalise(network, crops):
        facts["channelsEqualised"] = "yes"
    quantised = post_training(network, facts, crops, choices.calibration, choices.percentile)
    if choices.qat:
        quantised = _tuned(choices.qat, facts, quantised, sets)
    name = manifest.model_id(facts, "int8")
    layers = layer_report(folded_model(network, facts), quantised, sets["val"])
    found = compare(floats, quantised, sets["val"], recipe.scale)
    print(f"{name}: int8 against float on val: {-found.loss:+.3f} dB, luma {found.shift:+.3f} levels", flush=True)
    require_fidelity(name, found, layers)

    lowered = lower(quantised)
    prove_equal(quantised, lowered)
    onnx.helper.set_model_props(lowered, {**facts_of(lowered), "layers": compact(layers), "timing": compact(_timing(floats, quantised, lowered))})
    out.mkdir(parents=True, exist_ok=True)
    files = [_write(lowered, out / f"{name}.onnx"), _write(floats, out / f"{manifest.model_id(facts, 'fp32')}.onnx")]
    if choices.keep_unlowered:
        choices.keep_unlowered.mkdir(parents=True, exist_ok=True)
        files.append(_write(quantised, choices.keep_unlowered / f"{name}-unlowered.onnx"))
    manifest.replace(out, [manifest.entry(file, measure(file, sets)) for file in files[:2]])
    return [*files, *card.write(out, manifest.card_name(facts))]


def measured_sets(data: Path, scale: int, channels: int, cache: Path | None = None) -> dict[str, list[Pair]]:
    """The pictures to report on: Kodak (never tuned on), val and val2 (which chose the checkpoint), and those of `cache`, which are val and val2 in compressed video.
    At a scale of 1 Kodak and val are in compressed video, too."""
    if scale == 1 and cache:
        return {name: video_pairs.load(cache, scale, name) for name in ("kodak", "val") if any((cache / name).glob("*.npz"))}
    folders = {"kodak": data / "eval" / "kodak", "val": data / "val", "val2": data / "val2"}
    missing = [str(folder) for folder in folders.values() if not folder.is_dir()]
    if missing:
        print(f"Not there: {', '.join(missing)}. The manifest and the card will have no figures of these.", flush=True)
    sets = {name: load_pairs(folder, scale, channels, minimum=1) for name, folder in folders.items() if folder.is_dir()}
    return {**sets, video_pairs.content(cache): video_pairs.load(cache, scale, "val")} if cache else sets


def measure(file: Path, sets: dict[str, list[Pair]]) -> dict[str, dict[str, float]]:
    """The shipped file, run on each set: the manifest's `measured`."""
    session = Session(str(file))
    scale, result = int(session.facts["scale"]), {}
    for name, pairs in sets.items():
        ours, bicubic = score(session, pairs, scale), json.loads(session.facts["baselines"])[name]["bicubic"]["psnr"]
        result[name] = {
            "psnr": round(ours.psnr, 3),
            "ssim": round(ours.ssim, 4),
            "gain": round(ours.psnr - bicubic, 3),
            "bicubicPsnr": round(bicubic, 3),
            "lumaShift": round(ours.luma_shift, 3) + 0.0,  # never -0
        }
    return result


def measure_again(folder: Path, cards: list[str], data: Path) -> None:
    """Run the shipped files of `cards` anew and put what they do into the manifest."""
    entries = [entry for entry in manifest.read(folder) if entry["card"].removesuffix(".md") in cards]
    for model in entries:
        sets = measured_sets(data, model["scale"], 1 if model["planes"] == "y" else 3)
        manifest.replace(folder, [manifest.entry(folder / model["file"], measure(folder / model["file"], sets))])


def _facts(recipe: Recipe, network: torch.nn.Module, step: int, run: Path, data: Path) -> dict[str, str]:
    return {
        "family": recipe.family,
        "title": network.title,
        "paper": network.paper,
        "licence": LICENCE,
        **({"content": content} if (content := content_of(recipe)) else {}),
        "scale": str(recipe.scale),
        "channels": str(recipe.channels),
        "planes": "y" if recipe.channels == 1 else "rgb",
        "halo": str(network.halo),
        "align": str(network.align),
        "output": network.output,
        **training_facts(recipe, network, step, run, data),
    }


def _tuned(run: Path, facts: dict[str, str], plain: onnx.ModelProto, sets: dict[str, list[Pair]]) -> onnx.ModelProto:
    """The fine-tuned int8 model of a QAT run, carrying the figures of the plainly quantised one for comparison."""
    from ..quantise.qat import quantised_average

    scale = int(facts["scale"])
    ptq = {name: _scores({"ptq": score(Session(plain), pairs, scale)})["ptq"] for name, pairs in sets.items()}
    return quantised_average(run, {**facts, "ptq": compact(ptq), "qatHistory": compact(history(run))})


def _timing(floats: onnx.ModelProto, quantised: onnx.ModelProto, lowered: onnx.ModelProto) -> dict[str, float | str]:
    enlarged = (side * int(facts_of(floats)["scale"]) for side in TIMED_AT)
    fp32, unlowered, int8 = milliseconds([Session(model) for model in (floats, quantised, lowered)], *enlarged)
    times = f"fp32 {fp32:.1f} ms, int8 {unlowered:.1f} ms, lowered {int8:.1f} ms"
    print(f"one thread: {times}: lowered/unlowered {int8 / unlowered:.2f}, int8/fp32 {int8 / fp32:.2f}", flush=True)
    ratios = {"loweredToUnlowered": round(int8 / unlowered, 3), "int8ToFp32": round(int8 / fp32, 3)}
    return {"input": "x".join(map(str, TIMED_AT)), "cpu": " ".join(int8_features()), **ratios}


def _write(model: onnx.ModelProto, path: Path) -> Path:
    partial = path.with_suffix(".partial")
    onnx.save(model, partial)
    return partial.replace(path)


def _scores(scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    return {name: {key: round(value, 4) for key, value in asdict(found).items()} for name, found in scores.items()}
