"""A restoring network of dense convolutions in int8: calibrated on noisy pictures, lowered, with the planes of 4:2:0 at its ends."""

from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image

from ..data.pictures import image_files
from ..data.planar import folded, planes_of
from ..data.restorable import with_noise
from ..networks.planar_ends import with_planar_ends
from ..train.recipe import Recipe
from .calibrate import calibration_crops
from .equalise import equalise
from .lower import lower, prove_equal
from .ptq import post_training

SIGMAS = (0.0, 5.0, 15.0, 25.0, 50.0)
"""Noise of the pictures that a denoising network is calibrated on, in turn."""


ALPHA = 0.75
"""The `alpha` of `equalise`: rounded activations take more of a correction as large as noise than rounded weights do, so the channels' ranges are brought nearer to each other."""


def plainly_quantised(network: torch.nn.Module, facts: dict[str, str], crops: list[np.ndarray], method: str, percentile: float) -> onnx.ModelProto:
    """The int8 model of a trained network without fine-tuning, not yet lowered; `network` itself is equalised."""
    made = {**facts, "precision": "int8", **({"channelsEqualised": "yes"} if equalise(network, crops, ALPHA if getattr(network, "restores", False) else 0.5) else {})}
    return post_training(network, made, crops, method, percentile)


def shipped(quantised: onnx.ModelProto) -> onnx.ModelProto:
    """An int8 model lowered and with its ends. @raises NotEqual if lowering changes a byte"""
    lowered = lower(quantised)
    prove_equal(quantised, lowered)
    return with_planar_ends(lowered)


def crops_of(recipe: Recipe, data: Path, count: int) -> list[np.ndarray]:
    """Pictures to calibrate the network of a recipe on, uint8 [channels, h, w]."""
    if recipe.task == "enlarge":
        return calibration_crops(data / "train", recipe.scale, recipe.channels, count)
    return noisy_crops(data / "train", count)


def noisy_crops(folder: Path, count: int = 100, size: int = 192, seed: int = 7) -> list[np.ndarray]:
    """`count` crops of `size` luma pixels of the photographs below `folder`, noisy by `SIGMAS` in turn, folded: uint8 [6, size/2, size/2]."""
    random, files = np.random.default_rng(seed), image_files(folder)
    crops = []
    for number, index in enumerate(random.permutation(max(len(files), count))[:count] % len(files)):
        with Image.open(files[index]) as opened:
            planes = planes_of(opened.convert("RGB"))
        picture = folded(with_noise(planes, SIGMAS[number % len(SIGMAS)], number))
        side = min(size // 2, *picture.shape[1:])
        top, left = (random.integers(extent - side + 1) for extent in picture.shape[1:])
        crops.append(picture[:, top : top + side, left : left + side])
    return crops
