"""Loss functions. Pictures are float32 in 0..1."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ..data.color import WEIGHTS

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""(output, target), both [n, c, h, w], to one number."""


def l1(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean absolute error."""
    return (output - target).abs().mean()


def charbonnier(output: torch.Tensor, target: torch.Tensor, epsilon: float = 0.1) -> torch.Tensor:
    """sqrt(d^2 + eps^2): L2 near zero, L1 far away (XLSR, Ayazoglu 2021, arXiv 2105.10288)."""
    return ((output - target) ** 2 + epsilon**2).sqrt().mean()


def mse(output: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Mean squared error, of which PSNR is the logarithm. The last part of a run trains on it. `weights`, [n], are those of `data.pairs.weighted`."""
    squares = (output - target) ** 2
    return squares.mean() if weights is None else (squares.mean(dim=(1, 2, 3)) * weights).mean()


def restoration(alpha: float, beta: float) -> Distance:
    """1 - SSIM of luma, plus `alpha` times the absolute error of all planes, plus `beta` times that of luma's gradients (LPIENet, Conde et al. 2022, arXiv 2210.13552).

    On folded pictures, [n, 6, h, w]. Gradients are differences of neighbours, across and down.
    """

    def distance(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        ours, theirs = (F.pixel_shuffle(picture[:, :4], 2) for picture in (output, target))
        loss = 1 - similarity(ours, theirs) + alpha * l1(output, target)
        if beta:
            loss = loss + beta * sum(l1(ours.diff(dim=axis), theirs.diff(dim=axis)) for axis in (2, 3))
        return loss

    return distance


def similarity(ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    """Mean SSIM of planes [n, 1, h, w] in 0..1: Gaussian window of 11x11, sigma 1.5, valid area only (Wang et al. 2004)."""
    taps = torch.exp(-0.5 * (torch.arange(-5, 6, device=ours.device) / 1.5) ** 2)
    taps = taps / taps.sum()
    stacked = torch.cat((ours, theirs, ours * ours, theirs * theirs, ours * theirs))
    smooth = F.conv2d(F.conv2d(stacked, taps.view(1, 1, 11, 1)), taps.view(1, 1, 1, 11))
    mean, other, square, other_square, product = smooth.chunk(5)
    least, less = 0.01**2, 0.03**2
    shared = (2 * mean * other + least) * (2 * (product - mean * other) + less)
    return (shared / ((mean**2 + other**2 + least) * (square - mean**2 + other_square - other**2 + less))).mean()


def luma_and_colour(distance: Distance, luma: float) -> Distance:
    """`distance`, the share `luma` of it taken on the luma of RGB pictures [n, 3, h, w] and the rest on R, G and B.

    The eye, video and Y-PSNR see luma sharply and colour coarsely. On R, G and B alone a small network spends two thirds of
    its errors' weight where nobody looks.
    """

    def of_luma(picture: torch.Tensor) -> torch.Tensor:
        return sum(float(weight) * picture[:, channel : channel + 1] for channel, weight in enumerate(WEIGHTS))

    return lambda output, target: luma * distance(of_luma(output), of_luma(target)) + (1 - luma) * distance(output, target)


LOSSES = {"l1": lambda recipe: l1, "charbonnier": lambda recipe: charbonnier, "mse": lambda recipe: mse, "restoration": lambda recipe: restoration(recipe.alpha, recipe.beta)}
"""The loss of a recipe, by its word."""


def distance_of(recipe, squared: bool, device: torch.device) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
    """The loss of a recipe: a function of (output, target, weights [n]). `squared`: the weighted squared error in place of the recipe's own loss."""
    own = LOSSES[recipe.loss](recipe)
    planes = [1.0] * 4 + [recipe.chroma**0.5] * 2 if recipe.task != "enlarge" and recipe.chroma != 1 else None
    scales = None if planes is None else torch.tensor(planes, device=device).view(1, -1, 1, 1)

    def distance(output: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        if scales is not None:
            output, target = output * scales, target * scales

        def of_pictures(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            return mse(output, target, weights) if squared else own(output, target)

        return (luma_and_colour(of_pictures, recipe.luma) if recipe.luma else of_pictures)(output, target)

    return distance
