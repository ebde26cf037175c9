"""The recipe of a training run: network, data, optimizer, loss and schedule, as the command line and checkpoints hold it."""

from dataclasses import dataclass

import torch

from ..data.shots import SOFTEST
from ..networks.families import FAMILIES
from ..networks.plain import Plain
from ..networks.stack import Stack
from .muon import Muon
from .settings import Settings, as_fields
from .soap import Soap

OPTIMIZERS = {"soap": Soap, "muon": Muon, "adam": torch.optim.Adam}

FROM_VIDEO = ("soft", "softest", "centre", "coarse")
"""Fields that the folder of compressed video says, not the command line."""


@dataclass(frozen=True)
class Recipe(Settings):
    """Settings of a training run; the fields are the options of `train` and are stored in its checkpoint.

    `patch` is in pixels at low resolution. `mse_from` is a share of the steps. `expansion` is the width of the linear blocks; 0: none.
    """

    family: str
    scale: int
    channels: int = 1
    """Planes of an enlarging network: 1 for luma, 3 for RGB. Restoring ones have their own six (`networks.lpienet`)."""
    task: str = "enlarge"
    """"enlarge", "denoise" or "deblur"."""
    steps: int = 100_000
    optimizer: str = "soap"
    peak_rate: float = 5e-3
    patch: int = 64
    schedule: str = "one-cycle"
    loss: str = "l1"
    mse_from: float = 0.4
    alpha: float = 1.0
    beta: float = 0.5
    """Weights of the absolute error and of the gradients' in the loss "restoration", beside 1 for 1 - SSIM."""
    chroma: float = 1.0
    """Weight of the squared error of U and V beside that of Y, for restoring networks: theirs is smaller, so that with 1 they hardly count."""
    weigh: bool = True
    """True if that squared error is weighted by picture (`data.pairs.weighted`)."""
    floor: float = 0.5
    """The least error, in levels (root mean square), that a picture counts as having there: calmer ones weigh no more."""
    luma: float = 0.0
    """Share of the loss on luma, for networks on RGB (`losses.luma_and_colour`); the rest is on R, G and B."""
    distillation: float = 0.0
    """Share of the loss that is distance to a teacher's picture; the rest is distance to the photograph."""
    expansion: int = 0
    shrink: str = "bicubic"
    """The filter that brings photographs to `sizes`: "bicubic", or "lanczos", which leaves them sharper. What the network is to undo is
    bicubic either way."""
    compressed: float = 0.35
    """Share of the pictures that denoising networks see as H.264 leaves them, too (`data.compressed`)."""
    degraded: float = 0.0
    """Share of the crops of an enlarging network that come from compressed video (`data.video_pairs`); the rest are clean."""
    soft: float = 0.0
    """Share of the shots of that video that were blurred before; the folder of compressed video says it."""
    softest: float = SOFTEST
    """The greatest deviation of that blur, in pixels; the folder says it, too."""
    centre: int = 0
    """The CRF that most of that video has, 0 where all from 18 to 38 are alike; the folder says it, too."""
    coarse: bool = False
    """That video is strongly compressed throughout; the folder says it, too."""
    attention: str = "local"
    """The channel attention of LPIENet (`networks.attention`)."""
    hidden: tuple[int, ...] = ()
    """Shape of a `stack`: the channels between its convolutions, the sides of the first and the last kernel, how far
    the picture is folded, and the channels of a trunk, which makes each of `hidden` a block; none, 0: the family's own."""
    first: int = 0
    last: int = 0
    fold: int = 0
    trunk: int = 0
    intensities: tuple[float, ...] = (1.0,)
    """Factors of a crop's brightness, one chosen at random for each crop; XLSR's are 1, 0.7, 0.5."""
    clip_inner: float = 0.0
    """Upper limit of the ReLUs within the network, which keeps int8 ranges of deeper networks narrow; 0: no limit."""
    output: str = "own"
    """The output in training: "clip" to 0..1, "linear", or the family's own."""

    @staticmethod
    def of(stored: dict) -> "Recipe":
        """The recipe that a checkpoint holds; what older ones do not know of is as it was then."""
        known = as_fields(stored)
        width, depth = known.pop("width", 0), known.pop("depth", 0)
        if width or depth:
            known["hidden"] = (width or 32,) * ((depth or 4) + 1)
        return Recipe(**{"optimizer": "adam", "lossy_sizes": (), **known})


def family_of(recipe: Recipe) -> str:
    """The family by which shipped models are listed: networks that restore are named by their task, too."""
    return recipe.family if recipe.task == "enlarge" else f"{recipe.family}-{recipe.task}"


def content_of(recipe: Recipe) -> str:
    """The kind of source that an enlarging network is for, by which it is named: "video" or "coarse"; "" for clean ones, and for networks that keep the size."""
    if not recipe.degraded or recipe.scale == 1:
        return ""
    return "coarse" if recipe.coarse else "video"


def built(recipe: Recipe) -> torch.nn.Module:
    """The network that a recipe describes, new."""
    output = {} if recipe.output == "own" else {"output": recipe.output}
    shape = {name: value for name in ("hidden", "first", "last", "fold", "trunk") if (value := getattr(recipe, name))}
    family = FAMILIES[recipe.family]
    if family is Plain:
        return family(recipe.scale, hidden=recipe.hidden, expansion=recipe.expansion, clip_inner=recipe.clip_inner)
    if getattr(family, "restores", False):
        return family(recipe.scale, hidden=recipe.hidden, attention=recipe.attention)
    if shape and recipe.family != Stack.family:
        raise SystemExit(f"{recipe.family} has its own shape; {', '.join(shape)} can be chosen for the family {Stack.family} only.")
    return family(recipe.scale, recipe.channels, expansion=recipe.expansion, clip_inner=recipe.clip_inner, **output, **shape)
