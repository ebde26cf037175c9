"""The card of PCSR's bundle, written from what its files say about themselves and from the manifest."""

import json
from pathlib import Path

import onnx

from ..networks.onnx_reader import facts_of
from ..networks.pcsr import FAMILY
from . import manifest
from .licences import data_section

BESIDE = ["abpn", "xlsr", "swift", "best"]
"""Families that the table of the card compares with, in int8."""


def is_bundle(name: str) -> bool:
    """True if the card `name` is that of a bundle."""
    return name == FAMILY


def write(folder: Path) -> Path:
    """The card of the bundle in `folder`."""
    entries = {entry["id"]: entry for entry in manifest.read(folder) if entry["card"] == f"{FAMILY}.md"}
    facts = facts_of(onnx.load(folder / entries[f"{FAMILY}-backbone-fp32"]["file"]))
    recipe = json.loads(facts["recipe"])
    chosen = "Nothing was trained on the validation pictures, by which checkpoints are chosen (one in six of val and val2)."
    card = folder / f"{FAMILY}.md"
    card.write_text("\n\n".join([_head(facts, recipe), _quality(facts), _cost(entries, recipe), _training(facts, recipe), _quantisation(), data_section(facts, chosen)]) + "\n")
    return card


def _head(facts: dict[str, str], recipe: dict) -> str:
    heavy, light = (" to ".join(map(str, recipe[name])) for name in ("heavy", "light"))
    return f"""# {facts["title"]}, luma (Y, as video stores it: 16..235)

Upscales luma by any scale from 1 to 4, the height and the width each by its own. Paper: {facts["paper"]}. Our own training, in PyTorch, by `models/training`; weights under {facts["licence"]}.

Four models make one network. `pcsr-backbone` sees the picture at its own size: a 5x5 convolution to {recipe['body'][0]} channels and {len(recipe['body']) - 1} of 3x3, each with ReLU; 1x1 convolutions make of its features
the first-layer values of two heads and the difficulty that a classifier sees. A pixel of the enlargement takes these from the nearest pixel of the picture, adds what `pcsr-place` gives for its row
and its column, and goes through ReLU and the rest of one head: `pcsr-heavy` (hidden layers of {heavy} units) or `pcsr-light` ({light}). The result is added to the bilinear enlargement.
The heavy head takes the pixels whose difficulty is greater than k times the logarithm of what it costs more: k = -25 is all heavy, 25 all light; "adaptive" splits each picture's difficulties into two clusters.

Unlike in the paper, what a place adds to the first layer is not linear in its coordinates: small networks of row and column make it, which run once for each row and column.

`pcsr-backbone`: `input` uint8 [n, 1, h, w]; `light` and `heavy` [h·w, units], float32, in int8 uint8 with zero point 128; `difficulty` float32 [h·w, 1]. `pcsr-place`: `y` [rows, 1], `x` [columns, 1], `cell` [1, 2]
to tables for each head and for the decision, and to `steps`. `pcsr-heavy`, `pcsr-light`: `activation` [n, units] to `residual` [n, 1]; uint8 in int8.
A feature depends on {facts["halo"]} pixels of the picture on each side."""


def _quality(facts: dict[str, str]) -> str:
    rows = json.loads(facts["measured"])
    scales = sorted({row["scale"] for row in rows})
    methods: dict[str, dict[float, dict]] = {}
    for row in rows:
        family = row["method"].split(" ")[0]
        methods.setdefault(family if family in BESIDE else row["method"].replace("pcsr", "**PCSR**", 1), {})[row["scale"]] = row
    lines = [f"| Kodak (24 pictures) | {' | '.join(f'x{scale:g}' for scale in scales)} |", "|---" * (len(scales) + 1) + "|"]
    for method, found in methods.items():
        cells = [f"{found[scale]['psnr']:.2f} dB" if method == "bicubic" else _cell(found[scale]) for scale in scales]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    told = (
        "Low resolution by Pillow BICUBIC at the true ratio, sides cut to multiples of 36 first; dB of Y-PSNR over bicubic enlargement; in brackets the share of pixels that the heavy head made; "
        "the files as shipped. Other networks (int8) are of the next whole scale, at 1.5 and 2.25 followed by bicubic reduction."
    )
    return "\n\n".join(["## Quality", told, "\n".join(lines)])


def _cell(row: dict) -> str:
    share = row["share"]
    return f"{row['gain']:+.2f}" + (f" ({share:.0%})" if share is not None and 0 < share < 1 else "")


def _cost(entries: dict[str, dict], recipe: dict) -> str:
    size = {precision: sum(entry["bytes"] for entry in entries.values() if entry["precision"] == precision) / 1000 for precision in ("int8", "fp32")}
    parts = {part: entries[f"{FAMILY}-{part}-int8"] for part in ("backbone", "heavy", "light")}
    return f"""## Cost

{sum(entry["parameters"] for entry in entries.values() if entry["precision"] == "int8"):,} parameters; files: int8 {size["int8"]:.0f} kB, fp32 {size["fp32"]:.0f} kB.
Multiplications: {parts["backbone"]["macsPerPixel"]:,} for each pixel of the picture; for each pixel of the enlargement {parts["heavy"]["macsPerPixel"]:,} by the heavy head or {parts["light"]["macsPerPixel"]:,} by the light one, and for the
first layer no more than an addition for each of its {recipe["heavy"][0]} or {recipe["light"][0]} units."""


def _training(facts: dict[str, str], recipe: dict) -> str:
    begun = _begun(next((line for line in json.loads(facts["history"]) if line.get("start_from")), {}))
    done = facts["stage"] == "light" and int(facts["step"]) >= recipe["light_steps"]
    short = "" if done else f" **The run is not finished: these files are of step {int(facts['step']):,} of the stage {facts['stage']}.**"
    sizes, lossy = (", ".join(f"{size:g}" for size in recipe[name]) for name in ("sizes", "lossy_sizes"))
    return f"""## Training

Two stages. Backbone and heavy head: {recipe["steps"]:,} steps, SOAP, one-cycle schedule to {recipe["peak_rate"]:g}; L1, then from {recipe["mse_from"]:.0%} of the steps squared error weighted by picture, each as a share of the bilinear enlargement's at that scale;
bfloat16 until {recipe["float32_from"]:.0%}, then float32. With these frozen, light head and classifier: {recipe["light_steps"]:,} steps, to {recipe["light_rate"]:g}; 1000 times the absolute error of both heads' mixture, plus 3 times the distance of the mean share of heavy pixels from a half.
Batches of {recipe["batch"]} crops of {recipe["patch"]}x{recipe["patch"]} low-resolution pixels in eight orientations at one scale, which is drawn for each: 1.5, 2, 2.25, 3, 4 or any from 1 to 4; {recipe["samples"]} rows and columns of each enlargement.
Pictures at {sizes} of their size (those that come in JPEG at {lossy}); {recipe["frames"]:.0%} of the crops with a frame of one level along some of their sides. Running average of the weights, {recipe["ema"]:g}. Seed {recipe["seed"]}.{begun}{short}"""


def _begun(start: dict) -> str:
    runs = [*start.get("earlier", []), *([{"start_from": start["start_from"]}] if start else [])]
    if not runs:
        return ""
    behind = [f"{run['recipe']['steps']:,} steps to {run['recipe']['peak_rate']:g} and {run['recipe']['light_steps']:,} to {run['recipe']['light_rate']:g}" for run in runs[:-1]]
    went = f" It went on from an earlier bundle, which had been trained for {'; then '.join(behind)}." if behind else ""
    return f"{went} The backbone began as the first convolutions of {runs[0]['start_from']}."


def _quantisation() -> str:
    return """## int8

Weights int8 per output channel, zero point 0; activations uint8, ranges by min-max over crops of training pictures; post-training quantisation (PTQ), kernels rounded by GPTQ, biases corrected for the
rounding of the weights, no fine-tuning. First layers are summed in whole numbers, 64 to a step of the head's input; `steps` of `pcsr-place` holds the steps."""
