"""Loss functions. Pictures are float32 in 0..1."""

from collections.abc import Callable

import torch

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


def luma_and_colour(distance: Distance, luma: float) -> Distance:
    """`distance`, the share `luma` of it taken on the luma of RGB pictures [n, 3, h, w] and the rest on R, G and B.

    The eye, video and Y-PSNR see luma sharply and colour coarsely. On R, G and B alone a small network spends two thirds of
    its errors' weight where nobody looks.
    """

    def of_luma(picture: torch.Tensor) -> torch.Tensor:
        return sum(float(weight) * picture[:, channel : channel + 1] for channel, weight in enumerate(WEIGHTS))

    return lambda output, target: luma * distance(of_luma(output), of_luma(target)) + (1 - luma) * distance(output, target)


LOSSES = {"l1": l1, "charbonnier": charbonnier, "mse": mse}
