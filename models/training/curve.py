"""The training curve as a small PNG."""

from pathlib import Path


def draw(history: list[dict], path: Path, published: float | None = None) -> Path | None:
    """Gain over bicubic on the validation pictures by step; nothing is drawn from fewer than two points."""
    points = [(line["step"], line["val_gain_db"]) for line in history if "val_gain_db" in line]
    if len(points) < 2:
        return None
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5.6, 3), dpi=90, layout="constrained")
    axes.plot([step / 1000 for step, _ in points], [gain for _, gain in points], marker=".", label="ours, fp32")
    if published is not None:
        axes.axhline(published, color="gray", linestyle="--", linewidth=1, label="published network")
    axes.set_xlabel("thousand steps")
    axes.set_ylabel("Y-PSNR over bicubic, dB")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    # Without matplotlib's version in it, the same curve is the same file.
    figure.savefig(path, metadata={"Software": None})
    pyplot.close(figure)
    return path
