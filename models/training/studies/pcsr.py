"""Study of PCSR: quality against time as a chart, and the classifier's maps and the work of refinement as pictures."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from ..measure.pcsr import Bundle, Enlarged
from ..measure.real_scales import Reduced, named, pictures, reduced

TINT = np.array([255, 60, 40])
"""Colour of pixels that the heavy head made, mixed half and half."""
CROP, ZOOM = 48, 5
"""Side of a crop that shows refinement, and how many times larger it is drawn."""


def chart(rows: list[dict], times: Path, path: Path) -> None:
    """Gain over bicubic by time, a panel for each scale, PNG. `rows` are those of `pcsr-evaluate --json`; `times` is a TSV of columns method, scale, ms, by the same names.

    Methods without a time are left out; the values of k are joined in the order of their times.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with times.open(newline="") as lines:
        taken = {(row["method"], float(row["scale"])): float(row["ms"]) for row in csv.DictReader(lines, delimiter="\t")}
    placed = [(row, taken[row["method"], row["scale"]]) for row in rows if (row["method"], row["scale"]) in taken]
    scales = sorted({row["scale"] for row, _ in placed})
    if not scales:
        raise SystemExit(f"{times} has a time for none of the {len(rows)} rows. Its columns are method, scale and ms; methods are named as in the rows, such as {rows[0]['method']!r}.")
    figure, panels = pyplot.subplots(1, len(scales), figsize=(4.2 * len(scales), 4.6), dpi=90, layout="constrained", squeeze=False)
    for axes, scale in zip(panels[0], scales):
        here = sorted(((row, ms) for row, ms in placed if row["scale"] == scale), key=lambda pair: pair[1])
        by_k = [(row, ms) for row, ms in here if row["method"].startswith("pcsr") and "adaptive" not in row["method"]]
        axes.plot([ms for _, ms in by_k], [row["gain"] for row, _ in by_k], marker=".", color="#c2410c", label="PCSR, by k")
        for row, ms in here:
            if "adaptive" in row["method"]:
                axes.scatter([ms], [row["gain"]], marker="*", s=110, color="#c2410c", label="PCSR, adaptive", zorder=3)
            elif not row["method"].startswith("pcsr"):
                axes.scatter([ms], [row["gain"]], color="#0b6bcb", s=45)
                axes.annotate(row["method"].split(",")[0], (ms, row["gain"]), (5, -9), textcoords="offset points", fontsize=8)
        axes.set_title(f"x{scale:g}", fontsize=10)
        axes.set_xlim(left=0)
        axes.set_xlabel("ms for a frame")
        axes.grid(alpha=0.3)
    panels[0, 0].set_ylabel("Y-PSNR over bicubic, dB")
    panels[0, 0].legend(loc="lower right", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
    pyplot.close(figure)


def maps(bundle: Bundle, folder: Path, numbers: list[int], scale: float, ks: list[float | str]) -> Image.Image:
    """Pictures of `folder` enlarged: a row for each number, a column for each decision; red where the heavy head worked."""
    found = pictures(folder)
    rows = []
    for number in numbers:
        one = reduced(found[number], scale)
        parts = bundle.parts(one.low, one.high.shape)
        rows.append(np.concatenate([_tinted(parts.enlarged(k)) for k in ks], axis=1))
    width = max(row.shape[1] for row in rows)
    return Image.fromarray(np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]))


def refinement(bundle: Bundle, folder: Path, scale: float, k: float | str) -> tuple[Image.Image, str]:
    """The crop of `folder`'s pictures that refinement brings nearest to the truth: without it, with it, the truth, the map; and where it lies."""
    best: tuple[float, Reduced, Enlarged, Enlarged, int, int, int] | None = None
    for number, picture in enumerate(pictures(folder)):
        one = reduced(picture, scale)
        parts = bundle.parts(one.low, one.high.shape)
        plain, smooth = parts.enlarged(k), parts.enlarged(k, refine=True)
        truth = one.high.astype(np.float64)
        better = np.square(plain.picture - truth) - np.square(smooth.picture - truth)
        sums = _sums(better)
        row, column = (int(place) for place in np.unravel_index(np.argmax(sums), sums.shape))
        if best is None or sums[row, column] > best[0]:
            best = (float(sums[row, column]), one, plain, smooth, number, row, column)
    _, one, plain, smooth, number, row, column = best
    place = (slice(row, row + CROP), slice(column, column + CROP))
    grey = [np.repeat(picture[place][..., None], 3, axis=2) for picture in (plain.picture, smooth.picture, one.high)]
    strip = np.concatenate([*grey, _tinted(plain)[place]], axis=1).repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
    return Image.fromarray(strip), f"picture {number}, {named(k)}, x{scale:g}, rows from {row}, columns from {column}"


def _sums(values: np.ndarray) -> np.ndarray:
    """Sum of each square of `CROP` pixels."""
    total = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return total[CROP:, CROP:] - total[:-CROP, CROP:] - total[CROP:, :-CROP] + total[:-CROP, :-CROP]


def _tinted(made: Enlarged) -> np.ndarray:
    grey = np.repeat(made.picture[..., None], 3, axis=2)
    return np.where(made.heavy[..., None], (grey.astype(int) + TINT) // 2, grey).astype(np.uint8)
