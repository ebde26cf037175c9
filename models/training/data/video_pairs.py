"""Pairs of a compressed frame and the large picture behind it, made once and kept in a folder.

A clip is a few shots with cuts between them. Its frames are reduced by Pillow's BICUBIC, as all training pictures are, encoded and decoded;
at a scale of 1 they keep their size.
Some frames of each shot are kept: the decoded luma, and the luma before reduction. Each clip is a file of its own, and depends on the seed
and its number alone, so that an interrupted run goes on, and what is there stays as it is.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .codecs import Encoding, decoded
from .pairs import Pair
from .pictures import image_files, resized
from .planar import Planes
from .shots import SOFTEST, Scene, drawn_film, scene, shot

SIDES = {1: 320, 2: 224, 3: 144, 4: 112}
"""Side of the small frames, by scale: the large ones fit into the least of the photographs."""
SHOTS, FRAMES, KEPT = 3, 10, 2
"""Shots of a clip, frames of a shot, and those of them that are kept."""
ALL = {"x264": (18, 38), "x265": (22, 38), "mpeg4": (2, 10)}
"""The least and the greatest CRF of each encoder, of MPEG-4 ASP the quantiser."""
COARSE = {"x264": (28, 40), "x265": (30, 40), "mpeg4": (8, 20)}
"""The same for video that is strongly compressed."""
PRESETS = ("veryfast", "faster", "medium", "medium", "slow")
VALIDATION = (Encoding("x264", 23, "medium"), Encoding("x264", 28, "medium"), Encoding("x264", 33, "medium"), Encoding("x265", 30, "medium"))
"""The encodings that networks are validated on, in turn."""
COARSE_VALIDATION = (Encoding("x264", 28, "medium"), Encoding("x264", 33, "medium"), Encoding("x264", 38, "medium"), Encoding("x265", 34, "medium"))
"""Those for networks for strongly compressed video."""
PARTS = {"train": ("train",), "val": ("val", "val2"), "kodak": ("eval/kodak",)}
"""The parts of a folder of pairs, and the folders of photographs that each is made of."""
UNCOMPRESSED = 6
"""One training pair in so many is of a frame as it was before the encoder, so that what is soft and clean is not taken for compressed."""
SETTINGS = "settings.json"


@dataclass(frozen=True)
class Settings:
    """The choices behind a folder of pairs, which it keeps in `SETTINGS`; `rounds` is the shots of each photograph, `soft` the share that is blurred, `softest` the greatest deviation
    of that blur in pixels of the large frame, and `centre` the CRF that is drawn most often; 0 where all are drawn alike. `coarse` video is strongly compressed throughout."""

    scale: int
    rounds: int = 2
    seed: int = 1
    soft: float = 0.6
    centre: int = 0
    softest: float = SOFTEST
    coarse: bool = False


def make(data: Path, out: Path, wanted: Settings) -> Iterator[Path]:
    """Write the clips that are missing below `out`/train and `out`/val, and give each one's path.

    @raises SystemExit if `out` was made with other settings, or ffmpeg fails
    """
    _keep_settings(out, wanted)
    validation = COARSE_VALIDATION if wanted.coarse else VALIDATION
    for name, folders in PARTS.items():
        files = [file for folder in folders if (data / folder).is_dir() for file in image_files(data / folder)]
        rounds = wanted.rounds if name == "train" else 1
        order = np.concatenate([np.random.default_rng((wanted.seed, 0, turn)).permutation(len(files)) for turn in range(rounds)])
        (out / name).mkdir(parents=True, exist_ok=True)
        for number in range(len(order) // SHOTS):
            path = out / name / f"{number:04}.npz"
            if not path.exists():
                random = np.random.default_rng((wanted.seed, 1, number))
                encoding = drawn_encoding(random, wanted) if name == "train" else validation[number % len(validation)]
                chosen = [scene(files[index]) for index in order[number * SHOTS : (number + 1) * SHOTS]]
                _write(path, _clip(chosen, wanted, encoding, random))
                yield path


def load(folder: Path, scale: int, name: str) -> list[Pair]:
    """The pairs that `make` left in `folder`, of one of `PARTS`. @raises SystemExit if there are none of this scale"""
    found = settings(folder)
    files = sorted((folder / name).glob("*.npz"))
    if found is None or found.scale != scale or not files:
        raise SystemExit(f"{folder} holds no compressed pairs of x{scale}. Make them: python -m training compress --scale {scale} --out {folder}")
    pairs = [Pair(low[None], high[None]) for file in files for low, high in _pairs_in(file)]
    if name == "train" and found.soft and not found.coarse:
        for index in range(UNCOMPRESSED - 1, len(pairs), UNCOMPRESSED):
            pairs[index] = Pair(resized(pairs[index].high, pairs[index].low.shape[::-1][:2], Image.BICUBIC), pairs[index].high)
    return pairs


def settings(folder: Path) -> Settings | None:
    """The choices behind a folder of pairs; None if it is not one."""
    path = folder / SETTINGS
    return Settings(**{"soft": 0.0, "centre": 0, "softest": SOFTEST, **json.loads(path.read_text())}) if path.exists() else None


def content(folder: Path) -> str:
    """The kind of video in a folder of pairs: "video", or "coarse" where all of it is strongly compressed."""
    found = settings(folder)
    return "coarse" if found and found.coarse else "video"


def drawn_encoding(random: np.random.Generator, wanted: Settings) -> Encoding:
    """An encoding as files in the wild have them: mostly x264, from nearly clean to coarse, or coarse alone; most of them near the CRF `centre`, if it is not 0."""
    codec = random.choice(["x264", "x265", "mpeg4"], p=[0.75, 0.15, 0.1])
    lowest, greatest = (COARSE if wanted.coarse else ALL)[str(codec)]
    if codec == "mpeg4":
        return Encoding("mpeg4", int(random.integers(lowest, greatest + 1)), b_frames=int(random.choice([0, 2])))
    b_frames = 0 if random.random() < 0.2 else None
    quality = round(random.triangular(lowest, wanted.centre, greatest)) if wanted.centre else int(random.integers(lowest, greatest + 1))
    return Encoding(str(codec), quality, str(random.choice(PRESETS)), b_frames)


def _keep_settings(out: Path, wanted: Settings) -> None:
    found = settings(out)
    if found not in (None, wanted):
        raise SystemExit(f"{out} holds pairs made with other settings, {json.dumps(asdict(found))}. Give another folder with --out.")
    out.mkdir(parents=True, exist_ok=True)
    (out / SETTINGS).write_text(json.dumps(asdict(wanted)) + "\n")


def _clip(scenes: list[Scene], wanted: Settings, encoding: Encoding, random: np.random.Generator) -> dict[str, np.ndarray]:
    scale = wanted.scale
    side = SIDES[scale]
    high = []
    for index, seen in enumerate(scenes):
        film = drawn_film(wanted.soft, wanted.softest, random)
        frames = shot(seen, scenes[index - 1], side * scale, FRAMES, random) or []
        high += [film.developed(frame, random) for frame in frames]
    if not high:
        return {"low": np.zeros((0, side, side), np.uint8), "high": np.zeros((0, side * scale, side * scale), np.uint8)}
    grey = np.full((side // 2, side // 2), 128, np.uint8)
    low = [Planes(resized(frame[None], (side, side), Image.BICUBIC)[0], grey, grey) for frame in high]
    coded = decoded(low, encoding)
    kept = [begin + index for begin in range(0, len(high), FRAMES) for index in random.choice(FRAMES, KEPT, replace=False)]
    return {"low": np.stack([coded[index].y for index in kept]), "high": np.stack([high[index] for index in kept])}


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(path)


def _pairs_in(file: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    with np.load(file) as arrays:
        yield from zip(arrays["low"], arrays["high"])
