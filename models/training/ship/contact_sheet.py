"""The sheet of crops in docs/images: what presets of srvid make of four subjects, pixel by pixel, beside bicubic and the original.

The pictures are reduced as everywhere else here, by Pillow's BICUBIC, and restored by the built srvid as anyone would run it.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..data.color import luma8
from ..data.pictures import degrade
from ..measure.metrics import psnr

COMMAND = Path(__file__).resolve().parents[3] / "dist" / "cli" / "main.js"
SIDE = 168
"""Side of a crop, in pixels; like its corners a multiple of 2, 3 and 4."""
GAP, HEADING, CAPTION, LABEL = 6, 26, 20, 22
INK, PAPER = (20, 20, 20), (255, 255, 255)


@dataclass(frozen=True)
class Crop:
    """A square of SIDE pixels in a picture; x and y are its top left corner at high resolution."""

    subject: str
    file: str
    """Path below the data folder."""
    x: int
    y: int


CROPS = (
    Crop("text", "eval/kodak/14.png", 504, 300),
    Crop("face", "eval/kodak/18.png", 228, 144),
    Crop("foliage", "eval/kodak/7.png", 480, 60),
    Crop("night", "val/2389166.png", 132, 180),
)
CREDIT = "text, face, foliage: Kodak image suite; night: CID22 (Cloudinary), CC BY-SA 4.0"


def contact_sheet(data: Path, presets: list[str], scale: int, options: list[str]) -> Image.Image:
    """A row a subject, a column a method, 1:1; under each cell the Y-PSNR of that crop. `options` go to srvid as they are."""
    require(data, CROPS)
    headings = [f"low resolution, x{scale}", "bicubic", *(f"srvid: {preset}" for preset in presets), "original"]
    return sheet(headings, [(crop.subject, _cells(data / crop.file, crop, presets, scale, options)) for crop in CROPS], CREDIT)


def require(data: Path, crops: tuple[Crop, ...]) -> None:
    """@raises SystemExit naming the pictures that are missing below `data`"""
    missing = [crop.file for crop in crops if not (data / crop.file).exists()]
    if missing:
        raise SystemExit(f"{data} has no {', no '.join(missing)}. The sheet is made of these pictures.")


def sheet(headings: list[str], rows: list[tuple[str, list[tuple[Image.Image, str]]]], credit: str) -> Image.Image:
    """Cells of SIDE pixels with a caption under each: a subject and its cells a row, a heading a column."""
    drawn = Image.new("RGB", (LABEL + len(headings) * (SIDE + GAP), HEADING + len(rows) * (SIDE + CAPTION + GAP) + CAPTION), PAPER)
    draw, font = ImageDraw.Draw(drawn), ImageFont.load_default(14)
    for column, heading in enumerate(headings):
        draw.text((_left(column) + SIDE / 2, HEADING / 2), heading, INK, font, anchor="mm")
    for row, (subject, cells) in enumerate(rows):
        top = HEADING + row * (SIDE + CAPTION + GAP)
        drawn.paste(_sideways(subject, font), (0, top))
        for column, (cell, figure) in enumerate(cells):
            drawn.paste(cell, (_left(column), top))
            draw.text((_left(column) + SIDE / 2, top + SIDE + CAPTION / 2), figure, INK, font, anchor="mm")
    draw.text((LABEL, drawn.height - CAPTION / 2), credit, INK, ImageFont.load_default(12), anchor="lm")
    return drawn


def _left(column: int) -> int:
    return LABEL + column * (SIDE + GAP)


def _sideways(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    label = Image.new("RGB", (SIDE, LABEL), PAPER)
    ImageDraw.Draw(label).text((SIDE / 2, LABEL / 2), text, INK, font, anchor="mm")
    return label.rotate(90, expand=True)


def _cells(file: Path, crop: Crop, presets: list[str], scale: int, options: list[str]) -> list[tuple[Image.Image, str]]:
    """(crop, caption) for each column."""
    with Image.open(file) as opened:
        low, high = degrade(opened.convert("RGB"), scale)
    box = (crop.x, crop.y, crop.x + SIDE, crop.y + SIDE)
    nearest, bicubic = (low.resize(high.size, method) for method in (Image.Resampling.NEAREST, Image.Resampling.BICUBIC))
    truth = high.crop(box)
    restored = [enlarged.crop(box) for enlarged in (bicubic, *_by_srvid(low, presets, scale, options))]
    return [(nearest.crop(box), f"{SIDE // scale}x{SIDE // scale} pixels"), *((cell, f"{_quality(cell, truth):.2f} dB") for cell in restored), (truth, "")]


def _quality(cell: Image.Image, truth: Image.Image) -> float:
    return psnr(*(luma8(np.asarray(picture)) for picture in (cell, truth)))


def _by_srvid(low: Image.Image, presets: list[str], scale: int, options: list[str]) -> list[Image.Image]:
    """`low`, enlarged by each preset: a run of the command, from picture to lossless video, and its one frame."""
    if presets and not COMMAND.exists():
        raise SystemExit(f"{COMMAND} is not there. Build srvid first: npm install && npm run build.")
    with tempfile.TemporaryDirectory() as folder:
        picture, video = Path(folder) / "low.png", Path(folder) / "high.mkv"
        low.save(picture)
        made = []
        for preset in presets:
            run = ["--preset", preset, "--scale", str(scale), "--encoder", "ffv1", "--quiet", "--yes", *options]
            _run(["node", str(COMMAND), str(picture), str(video), *run])
            # The picture's RGB went to BT.709 and comes back by it; swscale is to do that as exactly as it can.
            exact = ["-vf", "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp", "-pix_fmt", "rgb24"]
            raw = _run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(video), *exact, "-f", "rawvideo", "-"])
            made.append(Image.frombytes("RGB", (low.width * scale, low.height * scale), raw))
        return made


def _run(command: list[str]) -> bytes:
    done = subprocess.run(command, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    return done.stdout
