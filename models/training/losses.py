"""What a network is punished for. Pictures are in 0..1."""

import torch


def l1(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return (output - target).abs().mean()


def charbonnier(output: torch.Tensor, target: torch.Tensor, epsilon: float = 0.1) -> torch.Tensor:
    """sqrt(d^2 + eps^2): L2 near zero, L1 far away (XLSR, Ayazoglu 2021, arXiv 2105.10288)."""
    return ((output - target) ** 2 + epsilon**2).sqrt().mean()


def mse(output: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """What PSNR is the logarithm of: the last stretch of a run trains on it. `weights`, [n], are those of `data.weighed`."""
    squares = (output - target) ** 2
    return squares.mean() if weights is None else (squares.mean(dim=(1, 2, 3)) * weights).mean()


LOSSES = {"l1": l1, "charbonnier": charbonnier, "mse": mse}
