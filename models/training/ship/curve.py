"""The training curve as a small PNG."""

from pathlib import Path


def draw(history: list[dict], path: Path, network: str, published: float | None = None) -> Path | None:
    """Gain over bicubic on the validation pictures by step; nothing is drawn from fewer than two points.

    `history` is that of `train.history.history`. Earlier runs of the same `network` ("abpn x3") come first, each from where the
    one before it ended.
    """
    start = next((line for line in history if "start_from" in line), {})
    runs = [(run["optimizer"], run["steps"], run["gains"]) for run in start.get("earlier", []) if run["network"] == network]
    last = [[line["step"], line["val_gain_db"]] for line in history if "val_gain_db" in line]
    if len(last) < 2:
        return None
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5.6, 3), dpi=90, layout="constrained")
    before = 0
    for number, (optimizer, steps, gains) in enumerate([*runs, (None, last[-1][0], last)], 1):
        label = "this run, fp32" if optimizer is None else f"run {number} ({optimizer})"
        axes.plot([(before + step) / 1000 for step, _ in gains], [gain for _, gain in gains], marker=".", label=label)
        before += steps
    if published is not None:
        axes.axhline(published, color="gray", linestyle="--", linewidth=1, label="published network")
    highest = max([published or 0, *(gain for *_, gains in runs for _, gain in gains), *(gain for _, gain in last)])
    axes.set_ylim(highest - 0.6, highest + 0.05)
    axes.set_xlabel("thousand steps")
    axes.set_ylabel("gain in Y-PSNR, dB" if network.endswith(" x1") else "Y-PSNR over bicubic, dB")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    # Without matplotlib's version in it, the same curve is the same file.
    figure.savefig(path, metadata={"Software": None})
    pyplot.close(figure)
    return path
