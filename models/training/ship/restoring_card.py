"""The card of a restoring network, written from what its shipped files say about themselves."""

import json
from pathlib import Path

import onnx

from ..networks.onnx_reader import facts_of
from . import manifest
from .licences import data_section

_SETS = {"kodak": "Kodak", "val": "validation (CID22)", "val2": "validation, other sources"}


def is_restoring(folder: Path, name: str) -> bool:
    """True if the card `name` of the manifest in `folder` is that of a restoring network."""
    return any(entry["card"] == f"{name}.md" and entry["planes"] == "yuv" for entry in manifest.read(folder))


def write(folder: Path, name: str) -> Path:
    """The card of the network called `name` ("lpienet-denoise"), of the models in `folder`."""
    entries = {entry["precision"]: entry for entry in manifest.read(folder) if entry["card"] == f"{name}.md"}
    models = {precision: facts_of(onnx.load(folder / entry["file"])) for precision, entry in entries.items()}
    facts = models["fp32"]
    recipe = json.loads(facts["recipe"])
    card = folder / f"{name}.md"
    card.write_text("\n\n".join([_head(facts, recipe), _quality(models), _cost(facts, entries), *_quantisation(models), _training(facts, recipe), data_section(facts, "Nothing was trained on the validation pictures, by which checkpoints are chosen.")]) + "\n")
    return card


def _head(facts: dict[str, str], recipe: dict) -> str:
    halo = f"A result depends on {facts['halo']} luma pixels on each side." if int(facts["halo"]) else "A result depends on the whole picture, since its channel attention does."
    return f"""# {facts["family"].replace("lpienet", "LPIENet").replace("plain", "Plain")} ({facts["title"]})

Restores the luma and chroma of 4:2:0 video at its size. Paper: {facts["paper"]}. Our own training, in PyTorch, by `models/training`; weights under {facts["licence"]}.

{_shape(facts, recipe)} It works on six channels of half the picture's size: the four luma pixels of each 2x2 block, U and V. What it gives is added to its input.

Inputs `y`: uint8 [n, 1, h, w]; `u`, `v`: uint8 [n, 1, h/2, w/2]. Outputs `y.restored`, `u.restored`, `v.restored`, of the same shapes. Any n; h and w are multiples of {facts["align"]}. {halo}"""


def _shape(facts: dict[str, str], recipe: dict) -> str:
    if facts["family"].startswith("lpienet"):
        return f"Three encoders and two decoders of inverted residual attention blocks with ReLU, maximum pooling down, bilinear enlargement up. Channel attention: {recipe['attention']} (`networks/attention.py`)."
    hidden = recipe["hidden"] or (32,) * 6
    return f"A chain of {len(hidden) + 1} convolutions of 3x3 with {', '.join(str(width) for width in dict.fromkeys(hidden))} channels and ReLU (`networks/plain.py`); the paper's network has the fold, and is larger."


def _quality(models: dict[str, dict[str, str]]) -> str:
    lines = ["## Quality", "", "The files as shipped, run in ONNX Runtime, on BT.601 planes of 8 bits; noise on Y, U and V, seed 0. PSNR in dB; that of UV is of both planes together.", ""]
    lines += ["| pictures | degradation | | PSNR-Y given | restored | PSNR-UV given | restored | SSIM-Y given | restored |", "|---|---|---|---|---|---|---|---|---|"]
    measured = {precision: json.loads(facts["measured"]) for precision, facts in models.items()}
    for name, cases in measured["fp32"].items():
        for case in cases:
            for precision, sets in measured.items():
                found = sets[name][case]
                if "given" in found:
                    (y, uv, ssim), (y2, uv2, ssim2) = found["given"], found["restored"]
                    lines.append(f"| {_SETS[name]} | {case} | {precision} | {y:.2f} | **{y2:.2f}** | {uv:.2f} | **{uv2:.2f}** | {ssim:.4f} | **{ssim2:.4f}** |")
    for precision, sets in measured.items():
        clean = [f"{_SETS[name]} {', '.join(f'{level:.2f}' for level in cases['clean']['change'])}" for name, cases in sets.items() if "clean" in cases]
        if clean:
            lines += ["", f"Clean pictures change by so many levels on average in {precision}, in Y, U and V: {'; '.join(clean)}."]
    return "\n".join(lines)


def _cost(facts: dict[str, str], entries: dict[str, dict]) -> str:
    sizes = " and ".join(f"{entry['bytes'] / 1000:.0f} kB in {precision}" for precision, entry in sorted(entries.items()))
    return f"""## Cost

{int(facts["parameters"]):,} parameters, {int(facts["macsPerPixel"]):,} multiplications for each luma pixel; {sizes}.{"" if "int8" in entries else " There is no int8 form."}"""


def _quantisation(models: dict[str, dict[str, str]]) -> list[str]:
    if "int8" not in models:
        return []
    facts = models["int8"]
    way = f"fine-tuned with the rounding in the forward pass (QAT): {facts['qat']}" if facts["quantisation"] == "qat" else "post-training quantisation, no fine-tuning"
    return [f"## int8\n\nBy {way}. Calibration: {facts['calibration']}, of noisy pictures. Weights per filter; all activations in 8 bits. The file is lowered: the same bytes, in shapes that ONNX Runtime's fast convolution takes."]


def _training(facts: dict[str, str], recipe: dict) -> str:
    step = int(facts["step"])
    unfinished = "" if step >= recipe["steps"] else f" **The run is not finished: this file is of step {step:,} of {recipe['steps']:,}.**"
    return f"""## Training

{step:,} steps, batch {recipe["batch"]}, crops of {recipe["patch"]}x{recipe["patch"]} luma pixels in eight orientations. {recipe["optimizer"].upper()}, {recipe["schedule"]} schedule to {recipe["peak_rate"]:g};
loss {recipe["loss"]} (alpha {recipe["alpha"]:g}, beta {recipe["beta"]:g}), weighted squared error from {recipe["mse_from"]:.0%} of the steps. Running average of the weights, {recipe["ema"]:g}. Seed {recipe["seed"]}.{unfinished}"""
