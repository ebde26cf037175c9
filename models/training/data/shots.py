"""Shots of a made-up video: a photograph seen by a camera that pans and zooms, with a piece of another photograph moving over it.

All on luma. Frames are cut from the photograph at whole pixels, or reduced from more of it, so that they are as sharp as a picture can be. Most
video is softer than that, and has grain: a share of the shots is blurred as a lens blurs, or gets noise that is new in each frame, or both.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from .color import luma8
from .pairs import LOSSY_TYPES

WIDEST_VIEW = 3.0
"""The most that a photograph is reduced to become a frame."""
LEAST_OF_LOSSY = 1.25
"""The least that one in JPEG or WebP is reduced, since at full size it shows compression of its own."""
FASTEST = 12.0
"""Greatest speed of camera and overlay, in pixels of the frame."""
SOFTEST = 1.8
"""The greatest standard deviation of a soft shot's blur where no other is asked for, in pixels of the frame; the least is 0.4."""
COARSEST = 4.0
"""The greatest standard deviation of grain, in levels; the least is 0.5."""
GRAINY = 0.3
"""Share of the shots that have grain, if any are soft."""


@dataclass(frozen=True)
class Scene:
    """The luma of a photograph, and how much it is to be reduced at least."""

    luma: Image.Image
    least: float

    def room(self, side: int) -> float:
        """The most that the photograph can be reduced and still fill a square frame of `side` pixels."""
        return min(min(self.luma.size) / side, WIDEST_VIEW)


def scene(file: Path) -> Scene:
    """The scene that a photograph makes."""
    with Image.open(file) as opened:
        luma = Image.fromarray(luma8(np.asarray(opened.convert("RGB"))))
    return Scene(luma, LEAST_OF_LOSSY if file.suffix.lower() in LOSSY_TYPES else 1.0)


@dataclass(frozen=True)
class Film:
    """The look of a shot's frames: standard deviations of a Gaussian blur, in pixels, and of grain, in levels. 0 is none."""

    blur: float = 0.0
    grain: float = 0.0

    def developed(self, frame: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """The frame with this look, uint8 [height, width] as it was."""
        if self.blur:
            frame = np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(self.blur)))
        if self.grain:
            frame = np.clip(np.rint(frame + random.normal(0, self.grain, frame.shape)), 0, 255).astype(np.uint8)
        return frame


def drawn_film(soft: float, softest: float, random: np.random.Generator) -> Film:
    """A look as video has it; `soft` is the share of shots with a blur, `softest` the greatest."""
    blur = float(random.uniform(0.4, softest)) if random.random() < soft else 0.0
    grain = float(random.uniform(0.5, COARSEST)) if soft and random.random() < GRAINY else 0.0
    return Film(blur, grain)


def shot(seen: Scene, other: Scene, side: int, count: int, random: np.random.Generator) -> list[np.ndarray] | None:
    """`count` frames of `side` pixels, uint8 [side, side]; None where the photograph is too small for one."""
    if seen.room(side) < seen.least:
        return None
    view = float(np.exp(random.uniform(np.log(seen.least), np.log(max(seen.room(side), seen.least)))))
    # A reduction of less than this would blur where it is not a whole number of pixels.
    whole = view < 1.2
    view, zoom = (1.0, 1.0) if whole and seen.least == 1 else (view, random.choice([1.0, random.uniform(0.985, 1.015)]))
    speed, start = _drawn_motion(random), random.random(2)
    overlay = _overlay(other, side, random) if random.random() < 0.35 else None
    return [_frame(seen, side, view, zoom**index, start, speed * index, overlay, index) for index in range(count)]


@dataclass(frozen=True)
class _Overlay:
    picture: Image.Image
    start: np.ndarray
    speed: np.ndarray


def _drawn_motion(random: np.random.Generator) -> np.ndarray:
    """Pixels of the frame by which something moves from one frame to the next, x and y; often slow, one in five not at all."""
    if random.random() < 0.2:
        return np.zeros(2)
    angle = random.uniform(0, 2 * np.pi)
    return np.array([np.cos(angle), np.sin(angle)]) * FASTEST * random.random() ** 2


def _overlay(other: Scene, side: int, random: np.random.Generator) -> _Overlay:
    width, height = (int(size) for size in random.integers(side // 8, side // 2, 2))
    view = other.least * max(1.0, min(min(other.luma.size) / side, 2.0))
    box = (min(width * view, other.luma.width), min(height * view, other.luma.height))
    left, top = (random.random() * (extent - size) for extent, size in zip(other.luma.size, box))
    picture = other.luma.resize((width, height), Image.BICUBIC, (left, top, left + box[0], top + box[1]))
    return _Overlay(picture, random.random(2) * side * 0.8, _drawn_motion(random))


def _frame(seen: Scene, side: int, view: float, zoom: float, start: np.ndarray, moved: np.ndarray, overlay: _Overlay | None, index: int) -> np.ndarray:
    size = min(side * view * zoom, *seen.luma.size)
    rooms = np.array(seen.luma.size) - size
    left, top = np.clip(start * rooms + moved * view, 0, rooms)
    if view == 1:
        left, top, size = round(float(left)), round(float(top)), side
        frame = seen.luma.crop((left, top, left + size, top + size))
    else:
        frame = seen.luma.resize((side, side), Image.BICUBIC, (float(left), float(top), float(left + size), float(top + size)))
    if overlay:
        x, y = overlay.start + overlay.speed * index
        frame.paste(overlay.picture, (round(float(x)), round(float(y))))
    return np.asarray(frame)
