"""Commands that measure: `evaluate`, `time`, `restoration`, `study`."""

import argparse
import json
from dataclasses import fields
from pathlib import Path

from .options import MODELS, add_data, add_recipe, data_of


def evaluate(parser: argparse.ArgumentParser):
    """PSNR and SSIM of ONNX models on a folder of pictures, beside bicubic and lanczos"""
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="high-resolution pictures")
    parser.add_argument("--json", action="store_true", help="rows as JSON in place of the table")
    return _run_evaluate


def _run_evaluate(given: argparse.Namespace) -> None:
    from ..measure.evaluate import evaluate_files, table

    rows = evaluate_files(given.models, given.folder)
    print(json.dumps(rows, indent=2) if given.json else table(rows))


def time(parser: argparse.ArgumentParser):
    """time models against each other: one thread, alternating runs, ratio to the first"""
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--output", default="1920x1080", help="size that each enlarges to, WIDTHxHEIGHT (default: %(default)s)")
    parser.add_argument("--input", help="size that each reads, in place of --output: for networks that restore beside others")
    parser.add_argument("--rounds", type=int, default=15)
    return _run_time


def _run_time(given: argparse.Namespace) -> None:
    from ..measure.runtime import Session
    from ..measure.timing import input_milliseconds

    sessions = [Session(str(model)) for model in given.models]
    width, height = (int(side) for side in (given.input or given.output).split("x"))
    scales = [1 if given.input else int(session.facts["scale"]) for session in sessions]
    sizes = [(width // scale, height // scale) for scale in scales]
    times = input_milliseconds(sessions, sizes, given.rounds)
    print(f"one thread, median of {given.rounds} alternating runs, " + (f"frames of {given.input} as input" if given.input else f"frames of {given.output}"))
    for model, size, taken in zip(given.models, sizes, times):
        print(f"{model.name:40} {f'from {size[0]}x{size[1]}':16} {taken:8.1f} ms {taken / times[0]:7.3f}")


def restoration(parser: argparse.ArgumentParser):
    """tables of restoring networks beside ffmpeg's filters (docs/denoise.md)"""
    parser.add_argument("task", choices=("denoise", "deblur"))
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="pictures to measure on, such as Kodak's")
    parser.add_argument("--pictures", type=int, default=1000, help="measure on the first so many only")
    parser.add_argument("--filters", nargs="*", choices=("bm3d", "nlmeans"), default=["bm3d", "nlmeans"], help="for denoise: the filters beside the models (default: both)")
    parser.add_argument("--int8", action="store_true", help="for denoise: also each model with convolutions in int8, calibrated on the same pictures with the strongest noise")
    return _run_restoration


def _run_restoration(given: argparse.Namespace) -> None:
    from ..studies.restoration import deblurring, denoising
    from ..studies.study import markdown

    if given.task == "deblur":
        rows = deblurring(given.models, given.folder, given.pictures)
    else:
        rows = denoising(given.models, given.folder, given.pictures, given.filters, given.int8)
    print(markdown(rows))


def study(parser: argparse.ArgumentParser):
    """train networks alike but for one thing and print the table that compares them (docs/quantisation.md, models/training/notebook.md)"""
    from ..train.recipe import FROM_VIDEO, Recipe

    parser.add_argument("name", choices=("residual", "calibration", "clip", "distillation", "recipe", "frontier"))
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs; those found there go on")
    parser.add_argument("--steps", type=int, default=3000, help="default: %(default)s")
    parser.add_argument("--chart", type=Path, help="for frontier: PNG to draw the networks into, by time and gain")
    add_recipe(parser, Recipe, {"family", "scale", "channels", "steps", *FROM_VIDEO})
    add_data(parser)
    return _run_study


def _run_study(given: argparse.Namespace) -> None:
    from importlib import import_module

    from ..studies.study import markdown
    from ..train.recipe import Recipe

    settings = {f.name: getattr(given, f.name) for f in fields(Recipe) if f.name != "steps" and getattr(given, f.name, None) is not None}
    if given.name == "frontier":
        settings |= {"models": MODELS, "chart": given.chart}
    elif given.chart:
        raise SystemExit(f"--chart belongs to the study frontier; {given.name} draws nothing.")
    print(markdown(import_module(f"..studies.{given.name}", __package__).run(data_of(given), given.work, given.steps, **settings)))
