"""Facts about a trained network that its shipped files carry."""

import json
from dataclasses import asdict
from pathlib import Path

from torch import nn

from ..networks.cost import cost
from ..train.history import history
from ..train.recipe import Recipe
from .licences import data_summary

LICENCE = "MIT"


def training_facts(recipe: Recipe, network: nn.Module, step: int, run: Path, data: Path) -> dict[str, str]:
    """The network's cost, and how it was trained and on what."""
    parameters, multiplications = cost(network)
    return {
        "parameters": str(parameters),
        "macsPerPixel": str(multiplications),
        "step": str(step),
        "recipe": compact(asdict(recipe)),
        "history": compact(history(run)),
        "data": compact(data_summary(data)),
    }


def compact(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))
