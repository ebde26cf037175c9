"""A card per network, written from what its shipped files say about themselves and from the manifest, nothing else."""

import json
from pathlib import Path

import onnx

from ..data.shots import COARSEST, GRAINY, SOFTEST
from ..data.video_pairs import ALL, COARSE, UNCOMPRESSED
from ..networks.onnx_reader import facts_of
from . import manifest
from .curve import draw
from .licences import data_section

PUBLISHED = {
    ("abpn", "y", 2): {"kodak": 2.51, "val": 3.73},
    ("abpn", "y", 3): {"kodak": 1.60, "val": 2.56},
    ("abpn", "y", 4): {"kodak": 1.31, "val": 2.16},
    ("xlsr", "y", 3): {"kodak": 1.47, "val": 2.34},
}
"""Y-PSNR gain over bicubic, dB, of weights that others have released, run in this harness on these pictures."""
_RELEASED = {
    "abpn": "The published network gains",
    "xlsr": "The authors released no weights; those of a later training by others after the paper gain",
}
_SETS = {"kodak": "Kodak (24 pictures)", "val": "validation (CID22, 41 pictures)", "val2": "validation, other sources (28 pictures)", "video": "compressed video of both (x264 at CRF 23, 28, 33, x265 at 30)", "coarse": "compressed video of both (x264 at CRF 28, 33, 38, x265 at 34)"}
_COMPRESSED = {"kodak": "Kodak (24 pictures) in compressed video", "val": "validation (69 pictures) in compressed video"}
"""The sets that networks which keep the size are measured on. Both are compressed by x264 at CRF 23, 28, 33 and by x265 at 30, in turn."""
_ARCHITECTURES = {
    "abpn": "A 3x3 convolution to 28 channels, four of 28 to 28 and one to 3·s², each with ReLU; a last one to s² channels per plane, "
    "in picture space; plus the anchor, the input repeated s² times; then depth-to-space and a clip to 0..1, which int8 saturation gives free.",
    "best": "ABPN's chain with other shapes: a 5x5 convolution, then 3x3 ones, with ReLU, of 28 or 32 channels (x4: 48 in the last), a last one (at x2 of 1x1) to s² channels, plus "
    "the anchor, the input repeated s² times; then depth-to-space and a clip to 0..1. Layers are larger where ONNX Runtime's int8 convolutions cost little more: see docs/networks.md.",
    "deblock": "A plain stack: the picture folded into four channels of half its size, five 3x3 convolutions to 48 channels, each with ReLU, a last 3x3 to four channels, plus "
    "the folded picture; then unfolded and clipped to 0..1. Shaped for fast int8 convolutions, as Swift: see docs/networks.md.",
    "swift": "A plain stack: 3x3 convolutions with ReLU of one width, a last one to the pixels of the enlargement, plus the anchor, the input "
    "repeated s² times; then depth-to-space and a clip to 0..1. At x2 the picture is first folded into four channels of half its size. "
    "Shaped for ONNX Runtime's int8 convolutions: see docs/networks.md.",
    "ultra": "A plain stack: a 5x5 convolution to 64 channels, five 3x3 ones of 64, each with ReLU, a last 3x3 to s² channels, plus the anchor, the input repeated s² times; "
    "then depth-to-space and a clip to 0..1. ONNX Runtime does more multiplications a second in wide layers than in narrow ones: see docs/networks.md.",
    "xlsr": "A 3x3 convolution to 32 channels with ReLU and a 1x1; three blocks of a 3x3 convolution in four groups of 8 channels, with ReLU, and a 1x1; "
    "beside them a 3x3 convolution of the picture to 16 channels; both joined by a 1x1 to 32 channels with ReLU; a 3x3 to s² channels per plane; "
    "depth-to-space and a clip to 0..1. The float model is that network as published. The int8 model is the same function in fewer convolutions: each 1x1 that no "
    "activation follows is folded into the convolution behind it, exactly, since its bias is zero (counted as parameters all the same).",
}


def write(folder: Path, name: str) -> list[Path]:
    """Card and curve of the network called `name` (`abpn-x3`), of the models in `folder`."""
    entries = {entry["precision"]: entry for entry in manifest.read(folder) if entry["card"] == f"{name}.md"}
    missing = {"fp32", "int8"} - set(entries)
    if missing:
        raise SystemExit(f"{folder / 'manifest.json'} has no {' and no '.join(sorted(missing))} model for the card {name}.md. Export the network first.")
    facts = {precision: facts_of(onnx.load(folder / entry["file"])) for precision, entry in entries.items()}
    floats = facts["fp32"]
    curve = draw(json.loads(floats["history"]), folder / f"{name}-curve.png", f"{floats['family']} x{floats['scale']}", _published(floats).get("val"))
    parts = [_head(facts["fp32"]), _quality(facts, entries), _cost(facts, entries)]
    parts += [_training(facts["fp32"], curve), _quantisation(facts["int8"]), data_section(facts["fp32"], _chosen(facts["fp32"]))]
    (folder / f"{name}.md").write_text("\n\n".join(parts) + "\n")
    return [folder / f"{name}.md", *([curve] if curve else [])]


def names(folder: Path) -> list[str]:
    """Names of the networks of one scale in the manifest of `folder`, such as abpn-x3: those whose cards are written here."""
    return sorted({entry["card"].removesuffix(".md") for entry in manifest.read(folder) if "scale" in entry})


_FOR = {"video": ", for compressed video", "coarse": ", for strongly compressed video"}


def _head(facts: dict[str, str]) -> str:
    planes = "luma (Y, as video stores it: 16..235)" if facts["planes"] == "y" else "RGB"
    title, content = facts["title"], facts.get("content")
    title = title.replace(" (", f"-{content} (", 1) if content else title
    keeps = facts["scale"] == "1"
    done = f"Takes the traces of compression off {planes}" if keeps else f"Upscales {planes} by {facts['scale']}"
    return f"""# {title}, {"" if keeps else f"x{facts['scale']}, "}{planes}{_FOR.get(content, "")}

{done}. {f"Paper: {facts['paper']}. " if facts["paper"] else ""}Our own training, in PyTorch, by `models/training`; weights under {facts["licence"]}.

{_ARCHITECTURES.get(facts["family"], "")}

Input `input`: uint8 [n, {facts["channels"]}, h, w]. Output `output`: uint8 [n, {facts["channels"]}, {_multiple(facts)}h, {_multiple(facts)}w]. {_sides(int(facts["align"]))}
An output pixel depends on {facts["halo"]} input pixels on each side, so a tile with that halo gives, in int8, the bytes of the whole picture."""


def _multiple(facts: dict[str, str]) -> str:
    return "" if facts["scale"] == "1" else facts["scale"]


def _sides(align: int) -> str:
    if align == 1:
        return "Any n, h and w."
    return f"Any n; h and w are multiples of {align}: srvid repeats the edge of a picture whose sides are not, and cuts the result. Tiles, too, are such whose sides are multiples of {align}."


def _quality(facts: dict[str, dict[str, str]], entries: dict[str, dict]) -> str:
    parts = [
        "## Quality",
        f"{'Made-up video of the photographs, encoded and decoded' if facts['fp32']['scale'] == '1' else 'Low resolution by Pillow BICUBIC'}; Y-PSNR and SSIM on BT.601 luma, border of {facts['fp32']['scale']} pixels left out; "
        "the files as shipped, run in ONNX Runtime. Luma shift is the mean luma less the original's.",
    ]
    for name in entries["int8"]["measured"]:
        parts += [_table(name, facts, entries), _verdict(name, facts, entries)]
    return "\n\n".join(parts)


def _table(name: str, facts: dict[str, dict[str, str]], entries: dict[str, dict]) -> str:
    keeps = facts["fp32"]["scale"] == "1"
    labels, names = ({"bicubic": "as given"}, _COMPRESSED) if keeps else ({}, _SETS)
    rows = [(labels.get(method, method), found["psnr"], found["ssim"], found["luma_shift"]) for method, found in json.loads(facts["fp32"]["baselines"])[name].items()]
    if facts["int8"]["quantisation"] == "qat":
        plain = json.loads(facts["int8"]["ptq"])[name]
        rows.append(("int8 without fine-tuning (PTQ), not shipped", plain["psnr"], plain["ssim"], plain["luma_shift"]))
    for precision in ("fp32", "int8"):
        ours = entries[precision]["measured"][name]
        rows.append((f"**{precision}**", ours["psnr"], ours["ssim"], ours["lumaShift"]))
    base = entries["int8"]["measured"][name]["bicubicPsnr"]
    head = [f"| {names.get(name, name)} | Y-PSNR dB | SSIM | {'gain' if keeps else 'over bicubic'} dB | luma shift, levels |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(f"| {method} | {psnr:.2f} | {ssim:.4f} | {psnr - base:+.2f} | {shift:+.2f} |" for method, psnr, ssim, shift in rows)])


def _verdict(name: str, facts: dict[str, dict[str, str]], entries: dict[str, dict]) -> str:
    int8, floats = (entries[precision]["measured"][name] for precision in ("int8", "fp32"))
    loss = floats["psnr"] - int8["psnr"]
    text = f"int8 is {abs(loss):.3f} dB {'under' if loss >= 0 else 'above'} its float network."
    published = _published(facts["fp32"]).get(name)
    if published is None:
        return text
    gap = int8["gain"] - published
    theirs = f"{_RELEASED[facts['fp32']['family']]} {published:+.2f} dB over bicubic on these pictures in the same harness"
    return f"{text} {theirs}; ours, in int8, {int8['gain']:+.2f} dB: {abs(gap):.2f} dB {'more' if gap >= 0 else 'less'}."


def _cost(facts: dict[str, dict[str, str]], entries: dict[str, dict]) -> str:
    timing = json.loads(facts["int8"]["timing"])
    return f"""## Cost

{entries["fp32"]["parameters"]:,} parameters, {entries["fp32"]["macsPerPixel"]:,} multiplications per input pixel;
files: int8 {entries["int8"]["bytes"] / 1000:.0f} kB, fp32 {entries["fp32"]["bytes"] / 1000:.0f} kB.
One thread at {timing["input"]}: int8 takes {timing["int8ToFp32"]:.2f} of float's time. The int8 file is rewritten for ONNX Runtime's fast int8
convolution (`lower`). That changes no byte and takes {timing["loweredToUnlowered"]:.2f} of the time without it. (Ratios of alternating runs on a CPU
with {timing["cpu"] or "unknown features"}; where there is no VNNI, int8 may lose to float.)"""


def _training(facts: dict[str, str], curve: Path | None) -> str:
    recipe, step = json.loads(facts["recipe"]), int(facts["step"])
    short = "" if step >= recipe["steps"] else f" **The run is not finished: these files are of step {step:,} of {recipe['steps']:,}.**"
    start = next((line for line in json.loads(facts["history"]) if "start_from" in line), None)
    revived = f", {start['revived']} filters that never fired replaced" if start and start.get("revived") else ""
    carried = f" Started from {start['start_from']} ({start['carried']} convolutions carried over{revived})." if start else ""
    behind = [f"{run['steps']:,} steps of {run['network']} ({run['optimizer']}, to {run['peak_rate']:g})" for run in (start or {}).get("earlier", [])]
    carried += f" Behind that: {', then '.join(behind)}." if behind else ""
    averaged = next((line["averaged"] for line in json.loads(facts["history"]) if "averaged" in line), None)
    carried += f" The weights are the mean of those of the last {averaged} runs." if averaged else ""
    of_start = next((line["of_start"] for line in json.loads(facts["history"]) if "of_start" in line), 0)
    carried += f" The weights are {1 - of_start:.0%} those of this run and {of_start:.0%} those that it began with, which keeps more of what clean sources gain." if of_start else ""
    carried += " Trained on a GPU." if any(line.get("device") == "cuda" for line in json.loads(facts["history"])) else ""
    blocks = f"Convolutions without groups trained as linear blocks of width {recipe['expansion']} and merged. " if recipe["expansion"] else ""
    way = "mean squared error weighted by picture" if recipe.get("weigh", "optimizer" in recipe) else "mean squared error"
    lines = [
        "## Training",
        "",
        f"{step:,} steps, batch {recipe['batch']}, {recipe['patch']}x{recipe['patch']} low-resolution crops in eight orientations, from pictures at "
        f"{_listed(recipe['sizes'])} of their size{_lossy(recipe)}{_shrunk(recipe)}. {recipe.get('optimizer', 'adam').upper()}, {recipe.get('schedule', 'one-cycle')} schedule to {recipe['peak_rate']:g}; "
        f"loss {recipe['loss']}, {way} from {recipe['mse_from']:.0%} of the steps{_floor(recipe)}{_luma(recipe)}; {_precision(recipe)}. "
        f"Running average of the weights, {recipe['ema']:g}. {_bounds(recipe, facts)}{blocks}Seed {recipe['seed']}.{carried}{short}",
        "",
        "The gain of each of these choices: [notebook](training/notebook.md#what-the-recipe-is-worth).",
    ]
    if curve:
        lines += ["", f"![Gain {'' if facts['scale'] == '1' else 'over bicubic '}on the validation pictures, by step]({curve.name})"]
    return "\n".join(lines)


def _listed(numbers: list[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


def _lossy(recipe: dict) -> str:
    sizes = recipe.get("lossy_sizes")
    return f" (those that come in JPEG at {_listed(sizes)})" if sizes else ""


def _luma(recipe: dict) -> str:
    return f", {recipe['luma']:.0%} of it on luma" if recipe.get("luma") else ""


def _floor(recipe: dict) -> str:
    floor = recipe.get("floor", 0.5)
    return f" (as if no picture's error were under {floor:g} levels)" if recipe.get("weigh") and floor != 0.5 else ""


def _shrunk(recipe: dict) -> str:
    return "" if recipe.get("shrink", "bicubic") == "bicubic" else f", shrunk by {recipe['shrink']}"


def _bounds(recipe: dict, facts: dict[str, str]) -> str:
    """Further settings of the training, as sentences; empty for older models, whose recipe lacks them."""
    light, inner = recipe.get("intensities", [1.0]), recipe.get("clip_inner", 0)
    told = {
        f"Crops with their light multiplied by {', '.join(f'{factor:g}' for factor in light)}. ": list(light) != [1.0],
        f"{recipe.get('frames', 0):.0%} of the crops with a frame of one level along some of their sides. ": recipe.get("frames", 0) > 0,
        f"{recipe.get('degraded', 0):.0%} of the crops from compressed video{' (those with a frame are clean)' if recipe.get('frames', 0) > 0 else ''}: {_encodings(recipe)}. ": recipe.get("degraded", 0) > 0,
        f"Of the video's shots {recipe.get('soft', 0):.0%} were first blurred as by a lens (Gaussian, up to {recipe.get('softest', SOFTEST):g} pixels) and {GRAINY:.0%} given grain (up to {COARSEST:g} levels){'' if recipe.get('coarse') else f'; one frame in {UNCOMPRESSED} was left uncompressed'}. ": recipe.get("soft", 0) > 0,
        "Output clipped to 0..1 in training. ": facts.get("output") == "clip",
        f"ReLUs clipped at {inner:g}. ": inner > 0,
    }
    return "".join(sentence for sentence, holds in told.items() if holds)


def _precision(recipe: dict) -> str:
    return f"bfloat16 until {recipe['float32_from']:.0%}, then float32" if recipe["float32_from"] else "all in float32"


def _encodings(recipe: dict) -> str:
    ranges = COARSE if recipe.get("coarse") else ALL
    most = f" (most near {recipe['centre']})" if recipe.get("centre") else ""
    return f"75% x264 at CRF {_span(ranges['x264'])}{most}, 15% x265 at {_span(ranges['x265'])}, 10% MPEG-4 with quantisers {_span(ranges['mpeg4'])}"


def _span(ends: tuple[int, int]) -> str:
    return f"{ends[0]} to {ends[1]}"


def _quantisation(facts: dict[str, str]) -> str:
    equalised = "cross-layer equalisation of the channels (`equalise`); " if facts.get("channelsEqualised") else ""
    rounded = ", kernels rounded by GPTQ" if facts.get("kernels") == "gptq" else ""
    corrected = ", biases corrected for the rounding of the weights" if facts.get("biases") == "corrected" else ""
    way = f"fine-tuned with the rounding in the forward pass (QAT): {facts['qat']}" if facts["quantisation"] == "qat" else f"post-training quantisation (PTQ){rounded}{corrected}, no fine-tuning"
    lines = ["## int8", "", f"Weights int8 per output channel, zero point 0; activations uint8, ranges by {facts['calibration']} of training pictures; {equalised}{way}."]
    lines += ["", "| stored tensor | range of the 8 bits | used by 99.9 % of values | cut off |", "|---|---|---|---|"]
    for layer in json.loads(facts["layers"]):
        lines.append(f"| {layer['tensor']} | {layer['low']:.3f} .. {layer['high']:.3f} | {layer['used']:.0%} | {layer['saturated']:.4%} |")
    return "\n".join(lines)


def _chosen(facts: dict[str, str]) -> str:
    """Pictures that checkpoints are chosen by; older networks knew of val alone."""
    if "val2" in json.loads(facts["baselines"]):
        return (
            "Nothing was trained on the validation pictures, by which checkpoints are chosen: 41 further of CID22 (CC BY-SA 4.0, Cloudinary), and 28 from other sources "
            "(10 of gb82, CC0; 18 backgrounds of Debian's mate and lubuntu, GPL-2+)."
        )
    return "The checkpoint was chosen on 41 further CID22 pictures (CC BY-SA 4.0, Cloudinary), on which nothing was trained."


def _published(facts: dict[str, str]) -> dict[str, float]:
    return PUBLISHED.get((facts["family"], facts["planes"], int(facts["scale"])), {})
