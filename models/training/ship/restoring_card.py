"""The card of a restoring network, written from what its shipped file says about itself."""

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
    """The card of the network called `name` ("lpienet-denoise"), of the model in `folder`."""
    entry = next(entry for entry in manifest.read(folder) if entry["card"] == f"{name}.md")
    facts = facts_of(onnx.load(folder / entry["file"]))
    recipe = json.loads(facts["recipe"])
    card = folder / f"{name}.md"
    card.write_text("\n\n".join([_head(facts, recipe), _quality(facts), _cost(facts, entry), _training(facts, recipe), data_section(facts, "Nothing was trained on the validation pictures, by which checkpoints are chosen.")]) + "\n")
    return card


def _head(facts: dict[str, str], recipe: dict) -> str:
    halo = f"A result depends on {facts['halo']} luma pixels on each side." if int(facts["halo"]) else "A result depends on the whole picture, since its channel attention does."
    return f"""# {facts["family"].replace("lpienet", "LPIENet")} ({facts["title"]})

Restores the luma and chroma of 4:2:0 video at its size. Paper: {facts["paper"]}. Our own training, in PyTorch, by `models/training`; weights under {facts["licence"]}.

Three encoders and two decoders of inverted residual attention blocks with ReLU, maximum pooling down, bilinear enlargement up, on six channels of half the
picture's size: the four luma pixels of each 2x2 block, U and V. What it gives is added to its input. Channel attention: {recipe["attention"]} (`networks/attention.py`).

Inputs `y`: uint8 [n, 1, h, w]; `u`, `v`: uint8 [n, 1, h/2, w/2]. Outputs `y.restored`, `u.restored`, `v.restored`, of the same shapes. Any n; h and w are multiples of {facts["align"]}. {halo}"""


def _quality(facts: dict[str, str]) -> str:
    lines = ["## Quality", "", "The file as shipped, run in ONNX Runtime, on BT.601 planes of 8 bits; noise on Y, U and V, seed 0. PSNR in dB; that of UV is of both planes together.", ""]
    lines += ["| pictures | degradation | PSNR-Y given | restored | PSNR-UV given | restored | SSIM-Y given | restored |", "|---|---|---|---|---|---|---|---|"]
    for name, cases in json.loads(facts["measured"]).items():
        for case, found in cases.items():
            if "given" in found:
                (y, uv, ssim), (y2, uv2, ssim2) = found["given"], found["restored"]
                lines.append(f"| {_SETS[name]} | {case} | {y:.2f} | **{y2:.2f}** | {uv:.2f} | **{uv2:.2f}** | {ssim:.4f} | **{ssim2:.4f}** |")
    clean = [f"{_SETS[name]} {', '.join(f'{level:.2f}' for level in cases['clean']['change'])}" for name, cases in json.loads(facts["measured"]).items() if "clean" in cases]
    if clean:
        lines += ["", f"Clean pictures change by so many levels on average, in Y, U and V: {'; '.join(clean)}."]
    return "\n".join(lines)


def _cost(facts: dict[str, str], entry: dict) -> str:
    return f"""## Cost

{int(facts["parameters"]):,} parameters, {int(facts["macsPerPixel"]):,} multiplications for each luma pixel; {entry["bytes"] / 1000:.0f} kB in float. There is no int8 form."""


def _training(facts: dict[str, str], recipe: dict) -> str:
    step = int(facts["step"])
    unfinished = "" if step >= recipe["steps"] else f" **The run is not finished: this file is of step {step:,} of {recipe['steps']:,}.**"
    return f"""## Training

{step:,} steps, batch {recipe["batch"]}, crops of {recipe["patch"]}x{recipe["patch"]} luma pixels in eight orientations. {recipe["optimizer"].upper()}, {recipe["schedule"]} schedule to {recipe["peak_rate"]:g};
loss {recipe["loss"]} (alpha {recipe["alpha"]:g}, beta {recipe["beta"]:g}), weighted squared error from {recipe["mse_from"]:.0%} of the steps. Running average of the weights, {recipe["ema"]:g}. Seed {recipe["seed"]}.{unfinished}"""
