"""Commands of PCSR, whose networks are bundles for any scale: `pcsr-train`."""

import argparse
from pathlib import Path

from .options import add_data, add_recipe, data_of, recipe_of


def pcsr_train(parser: argparse.ArgumentParser):
    """train PCSR, backbone and heavy head first, then light head and classifier; continues a run found in --run"""
    from ..train.pcsr import PcsrRecipe, train_pcsr

    parser.add_argument("--run", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--from", dest="start_from", type=Path, help="float ONNX model of this trainer whose first convolutions the backbone starts as")
    add_recipe(parser, PcsrRecipe, set())
    add_data(parser)
    parser.add_argument("--validate-every", type=int, default=2000, help="steps between two validations, each of which writes the checkpoint (default: %(default)s)")
    return lambda given: train_pcsr(recipe_of(given, PcsrRecipe), data_of(given), given.run, given.start_from, given.validate_every)
