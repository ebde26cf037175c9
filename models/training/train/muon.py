"""The optimizer of wide networks: momentum made orthogonal (Muon, Jordan et al. 2024), Adam for biases.

A kernel [outputs, inputs, k, k] is the matrix [outputs, inputs * k * k]. Its momentum is replaced by the nearest matrix whose
singular values are all about 1, found by five steps of a Newton-Schulz iteration, which is products of matrices alone: what a
GPU does fastest. All state lies with the weights, and a step asks nothing of the CPU, so that it can be part of a CUDA graph.
"""

from collections.abc import Iterable

import torch

from .gradients import with_gradients

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the odd quintic that takes singular values from 0..1 to about 1 in few steps."""
ROUNDS = 5
BIAS_RATE = 0.1
"""Learning rate of the biases, as a share of that of the kernels."""


class Muon(torch.optim.Optimizer):
    """`lr` of a group is a number, or a tensor on the weights' device, which a CUDA graph reads anew in each step."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float | torch.Tensor, momentum: float = 0.95, betas: tuple[float, float] = (0.9, 0.98), eps: float = 1e-10):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self) -> None:
        for group, parameter, state in with_gradients(self):
            if parameter.ndim < 2:
                direction = BIAS_RATE * _adam(state, parameter.grad, group)
            else:
                direction = _orthogonal_momentum(state, parameter.grad, group["momentum"])
            parameter.sub_(direction * group["lr"])


def _orthogonal_momentum(state: dict, gradient: torch.Tensor, momentum: float) -> torch.Tensor:
    if not state:
        state.update(first=torch.zeros_like(gradient))
    state["first"].lerp_(gradient, 1 - momentum)
    # Nesterov's: one step further along the momentum than where it stands.
    ahead = state["first"].lerp(gradient, 1 - momentum).flatten(1)
    return (orthogonal(ahead) * max(1, ahead.shape[0] / ahead.shape[1]) ** 0.5).view_as(gradient)


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """A matrix with the singular vectors of `matrix` and singular values between about 0.7 and 1.2."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-12)
    linear, cubic, quintic = NEWTON_SCHULZ
    for _ in range(ROUNDS):
        squared = x @ x.T
        x = linear * x + (cubic * squared + quintic * squared @ squared) @ x
    return x.T if tall else x


def _adam(state: dict, gradient: torch.Tensor, group: dict) -> torch.Tensor:
    if not state:
        state.update(count=torch.zeros((), device=gradient.device), first=torch.zeros_like(gradient), second=torch.zeros_like(gradient))
    state["count"] += 1
    early, late = group["betas"]
    state["first"].lerp_(gradient, 1 - early)
    state["second"].mul_(late).addcmul_(gradient, gradient, value=1 - late)
    first, second = state["first"] / (1 - early ** state["count"]), state["second"] / (1 - late ** state["count"])
    return first / (second.sqrt() + group["eps"])
