"""Commands that train: `train`, `average`, `qat`."""

import argparse
from pathlib import Path

from .options import add_data, add_recipe, data_of, recipe_of


def train(parser: argparse.ArgumentParser):
    """train one network; continues a run found in --run"""
    from ..networks.families import FAMILIES
    from ..train.device import DEVICES
    from ..train.loop import train
    from ..train.recipe import FROM_VIDEO, Recipe

    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--scale", type=int, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--from", dest="start_from", type=Path, help="float ONNX model to start from (shapes that fit are carried over)")
    add_recipe(parser, Recipe, {"family", "scale", *FROM_VIDEO})
    add_data(parser)
    parser.add_argument("--teacher", type=Path, help="model to learn from, for --distillation")
    parser.add_argument("--cache", type=Path, help="folder that `compress` wrote, for --degraded")
    parser.add_argument("--validate-every", type=int, default=2500, help="steps between two validations, each of which writes the checkpoint (default: %(default)s)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="auto is a CUDA GPU where there is one (default: %(default)s)")
    return lambda given: train(recipe_of(given, Recipe), data_of(given), given.run, given.start_from, given.teacher, given.device, given.validate_every, given.cache)


def average(parser: argparse.ArgumentParser):
    """average runs that began from one another into a run of its own"""
    parser.add_argument("runs", nargs="+", type=Path, help="the last one gives recipe and log")
    parser.add_argument("--run", type=Path, required=True, help="new folder for the result")
    parser.add_argument("--start", type=float, default=0.0, help="share of the network that the last run began from (default: %(default)s)")
    return _run_average


def _run_average(given: argparse.Namespace) -> None:
    from ..train.average import average

    average(given.runs, given.run, given.start)


def qat(parser: argparse.ArgumentParser):
    """fine-tune a trained network for int8; continues a run found in --run"""
    from ..quantise.qat import QatRecipe, qat

    parser.add_argument("--base", type=Path, required=True, help="the run of the float network")
    parser.add_argument("--run", type=Path, required=True, help="folder for the checkpoint and the log")
    add_recipe(parser, QatRecipe, set())
    add_data(parser)
    return lambda given: qat(given.base, data_of(given), given.run, recipe_of(given, QatRecipe))
