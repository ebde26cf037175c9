"""Study: what picture can be had for what time. Stacks of many shapes, trained alike, beside the networks that are shipped.

A candidate's time is that of its lowered int8 form over that of the shipped ABPN of the same scale, in alternating runs on
one thread, to frames of 1920x1080. Candidates have the same few steps each and may be compared with each other; the shipped
networks had many more. One candidate is trained in two more ways, with linear blocks and with a teacher: the best network
that is shipped for its scale.
"""

from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from string import ascii_lowercase

from ..data.pairs import load_pairs
from ..measure.evaluate import baselines
from ..measure.runtime import Session
from ..measure.timing import milliseconds
from ..networks.cost import cost
from ..quantise.calibrate import calibration_crops
from ..quantise.lower import lower
from ..quantise.ptq import post_training
from ..ship import manifest
from ..train.recipe import Recipe
from .study import MEASURED, Rows, Trained, measured, trained


@dataclass(frozen=True)
class Shape:
    """Shape of a `networks.stack.Stack`: its arguments of the same names."""

    hidden: tuple[int, ...]
    first: int = 3
    last: int = 3
    fold: int = 1
    trunk: int = 0

    def __str__(self) -> str:
        """"28, 5 x 32": the channels between convolutions, or within the blocks of a trunk, those in a row counted."""
        rows = [(channels, len(list(row))) for channels, row in groupby(self.hidden)]
        widths = ", ".join(f"{layers} x {channels}" if layers > 1 else f"{channels}" for channels, layers in rows)
        sides = [f", {side}x{side} {place}" for side, place in ((self.first, "first"), (self.last, "last")) if side != 3]
        return ("" if not self.trunk else f"trunk of {self.trunk}, blocks of ") + widths + "".join(sides) + ("" if self.fold == 1 else f", folded by {self.fold}")


def shapes(*hidden: tuple[int, ...], first: int = 3, last: int = 3, fold: int = 1, trunk: int = 0) -> list[Shape]:
    """One shape for each of `hidden`, alike in all else."""
    return [Shape(each, first, last, fold, trunk) for each in hidden]


SHAPES = {
    2: [
        *shapes((32,) * 5, (48,) * 4, (64,) * 7, fold=2),
        *shapes((28,) * 4, (32, 32, 32, 32, 32, 16)),
        *shapes((32, 32, 32, 32, 32, 16), first=5),
        *shapes((32,) * 6, first=5, last=1),
        *shapes((48,) * 5, first=5, trunk=16),
    ],
    3: [
        *shapes((16,) * 5, (28,) * 4, (28, *[32] * 5), (48,) * 3, (48,) * 4, (16, 64, 48, 32)),
        *shapes((28, *[32] * 5), (16, *[32] * 5), first=5),
        *shapes((16, *[32] * 6), first=5, last=1),
        *shapes((28, *[32] * 5), first=7),
        *shapes((64,) * 8, fold=2),
        *shapes((48,) * 4, (48,) * 5, first=5, trunk=16),
    ],
    4: [
        *shapes((28,) * 4, (32,) * 4, (32,) * 6),
        *shapes((28, 32, 32, 32, 32, 48), first=5),
        *shapes((28, *[32] * 6), first=5, last=1),
        *shapes((48, 48, 64, 64, 64), first=5, trunk=16),
    ],
}
"""Candidates, by scale."""
VARIED = (3, Shape((28,) * 4))
SHARE = 0.5
FRAME = (1920, 1080)


@dataclass(frozen=True)
class Point:
    """A network in the chart: a candidate or a shipped one."""

    scale: int
    name: str
    letter: str | None
    """Letter of a candidate in the chart; None for a shipped network."""
    session: Session
    parameters: int
    gain: float
    """dB of Y-PSNR over bicubic on Kodak."""
    figures: list[str]


def run(data: Path, work: Path, steps: int, models: Path, chart: Path | None = None, **recipe) -> Rows:
    """Train what is not there below `work`, measure all against the shipped networks in folder `models`, draw them into `chart`."""
    if given := sorted({"hidden", "first", "last", "fold", "trunk", "expansion", "distillation", "frames"} & set(recipe)):
        raise SystemExit(f"The study chooses its stacks' shapes and ways of training itself; {', '.join(given)} cannot be given.")
    points = [*_shipped(models), *_candidates(data, work, steps, recipe, _teacher(models))]
    rows = [["network", "x", "parameters", "time of ABPN's", *MEASURED]]
    placed = []
    for scale in sorted({point.scale for point in points}):
        alike = [point for point in points if point.scale == scale]
        times = milliseconds([point.session for point in alike], *FRAME)
        abpn_time = next(taken for point, taken in zip(alike, times) if point.name == "abpn")
        for point, taken in zip(alike, times):
            placed.append((point, taken / abpn_time))
            name = f"{point.letter}: {point.name}" if point.letter else f"**{point.name}**"
            rows.append([name, str(scale), f"{point.parameters:,}", f"{taken / abpn_time:.2f}", *point.figures])
    if chart:
        _draw(placed, _lanczos(data, sorted(SHAPES)), steps, chart)
    return rows


def _shipped(models: Path) -> list[Point]:
    """The luma networks of `models`, in int8 as they are, by the manifest's figures; ABPN first of each scale."""
    entries = {entry["id"]: entry for entry in manifest.read(models) if entry["planes"] == "y" and "scale" in entry}
    points = []
    for entry in sorted((entry for entry in entries.values() if entry["precision"] == "int8"), key=lambda entry: (entry["scale"], entry["family"])):
        floats, int8 = (entries[entry["id"].replace("int8", precision)]["measured"] for precision in ("fp32", "int8"))
        loss = floats["val"]["psnr"] - int8["val"]["psnr"]
        figures = [f"{floats['val']['gain']:+.3f}", f"{floats['kodak']['gain']:+.3f}", f"{loss:.3f}", f"{int8['val']['lumaShift'] - floats['val']['lumaShift']:+.2f}"]
        session = Session(str(models / entry["file"]))
        points.append(Point(entry["scale"], entry["family"], None, session, entry["parameters"], int8["kodak"]["gain"], figures))
    return points


def _candidates(data: Path, work: Path, steps: int, recipe: dict, teacher: Path) -> list[Point]:
    points = []
    for scale, candidates in SHAPES.items():
        letters = iter(ascii_lowercase)
        for shape in candidates:
            ways: dict[str, tuple[dict, Path | None]] = {"": ({}, None)}
            if (scale, shape) == VARIED:
                ways |= {"; linear blocks of width 128": ({"expansion": 128}, None), f"; a teacher's share of {SHARE:g}": ({"distillation": SHARE}, teacher)}
            for number, (way, (settings, taught_by)) in enumerate(ways.items()):
                asked = Recipe("stack", scale, steps=steps, **asdict(shape), **{**recipe, **settings})
                folder = f"x{scale}-{'-'.join(map(str, shape.hidden))}-{shape.first}-{shape.last}-{shape.fold}-{shape.trunk}-{number}"
                points.append(_point(f"{shape}{way}", next(letters), trained(asked, data, work / folder, taught_by), data))
    return points


def _teacher(models: Path) -> Path:
    """The float luma network of `models` that does best on val at the scale of `VARIED`."""
    floats = [entry for entry in manifest.read(models) if (entry["planes"], entry["precision"], entry.get("scale")) == ("y", "fp32", VARIED[0])]
    return models / max(floats, key=lambda entry: entry["measured"]["val"]["psnr"])["file"]


def _point(name: str, letter: str, found: Trained, data: Path) -> Point:
    scale = found.recipe.scale
    figures = measured(found, data)
    crops = calibration_crops(data / "train", scale, 1)
    session = Session(lower(post_training(found.network, found.facts, crops)))
    return Point(scale, name, letter, session, cost(found.network)[0], float(figures[MEASURED.index("float, Kodak")]), figures)


def _lanczos(data: Path, scales: list[int]) -> dict[int, float]:
    """Gain of Lanczos over bicubic on Kodak, dB, by scale."""
    gains = {}
    for scale in scales:
        scores = baselines(load_pairs(data / "eval" / "kodak", scale, 1, minimum=1), scale)
        gains[scale] = scores["lanczos"].psnr - scores["bicubic"].psnr
    return gains


def _draw(placed: list[tuple[Point, float]], lanczos: dict[int, float], steps: int, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(lanczos), figsize=(12, 6.5), dpi=90, layout="constrained", squeeze=False)
    for axes, (scale, gain) in zip(panels[0], lanczos.items()):
        here = [(point, ratio) for point, ratio in placed if point.scale == scale]
        slowest = max(ratio for point, ratio in here if not point.letter)
        for point, ratio in here:
            if point.letter:
                axes.scatter([ratio], [point.gain], facecolors="none", edgecolors="#7c8794", s=30)
                axes.annotate(point.letter, (ratio, point.gain), (4, 3), textcoords="offset points", fontsize=8)
            else:
                left = ratio < slowest  # Those at about ABPN's time would cover each other's names.
                axes.scatter([ratio], [point.gain], color="#0b6bcb", s=60)
                axes.annotate(point.name, (ratio, point.gain), (-6 if left else 6, 3), textcoords="offset points", ha="right" if left else "left", fontsize=9)
        axes.axhline(0, color="gray", linewidth=1)
        axes.axhline(gain, color="gray", linewidth=1, linestyle="--")
        axes.annotate("bicubic", (0, 0), (2, 2), textcoords="offset points", fontsize=7, color="gray")
        axes.annotate("lanczos", (0, gain), (2, 2), textcoords="offset points", fontsize=7, color="gray")
        axes.set_title(f"x{scale}", fontsize=10)
        axes.set_xlim(0, 1.18 * max(ratio for _, ratio in here))
        axes.set_xlabel("time, ABPN's = 1")
        axes.grid(alpha=0.3)
    panels[0, 0].set_ylabel("Y-PSNR over bicubic on Kodak, dB")
    figure.suptitle(f"Filled: shipped, int8. Hollow: the table's stacks after {steps:,} steps, float", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    pyplot.close(figure)
