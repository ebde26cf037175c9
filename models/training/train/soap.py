"""The optimizer: Adam in the eigenbasis of Shampoo's preconditioner (SOAP, Vyas et al. 2024, arXiv 2409.11321).

A gradient of a kernel [outputs, inputs, 3, 3], as the matrix G [outputs, inputs * 9], is turned into the basis in which
the running averages of G G' and G' G are diagonal; Adam's second moment is kept there. The small, narrow networks of
this package gain more from it than from any other change of the recipe that was tried (`studies.recipe`), and a
step costs hardly more: the bases are followed by one step of subspace iteration every `refresh` steps.
"""

from collections.abc import Iterable

import torch

from .gradients import with_gradients


class Soap(torch.optim.Optimizer):
    """Vectors (biases) get plain Adam, which is what SOAP is in one dimension without a basis."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float, betas: tuple[float, float] = (0.95, 0.95), refresh: int = 10, eps: float = 1e-8):
        super().__init__(parameters, {"lr": lr, "betas": betas, "refresh": refresh, "eps": eps})

    @torch.no_grad()
    def step(self) -> None:
        for group, parameter, state in with_gradients(self):
            if parameter.ndim < 2:
                direction = _adam(state, parameter.grad, group)
            else:
                direction = _rotated(state, parameter.grad.flatten(1).float(), group)
            parameter.sub_(direction.view_as(parameter), alpha=group["lr"])


def _adam(state: dict, gradient: torch.Tensor, group: dict) -> torch.Tensor:
    if not state:
        state.update(step=0, first=torch.zeros_like(gradient), second=torch.zeros_like(gradient))
    state["step"] += 1
    early, late = group["betas"]
    state["first"].lerp_(gradient, 1 - early)
    state["second"].mul_(late).addcmul_(gradient, gradient, value=1 - late)
    return _normalised(state["first"], state, group)


def _eigenbasis(symmetric: torch.Tensor) -> torch.Tensor:
    """In float64: a first gradient of low rank has more eigenvalues near 0 than float32 can tell apart."""
    return torch.linalg.eigh(symmetric.double())[1].float()


def _rotated(state: dict, gradient: torch.Tensor, group: dict) -> torch.Tensor:
    """The step for a matrix. The first gradient only founds the bases: there is nothing yet to divide by."""
    late = group["betas"][1]
    if not state:
        left, right = gradient @ gradient.T, gradient.T @ gradient
        state.update(step=0, first=torch.zeros_like(gradient), second=torch.zeros_like(gradient), left=left, right=right)
        state.update(left_basis=_eigenbasis(left), right_basis=_eigenbasis(right))
        return torch.zeros_like(gradient)
    state["step"] += 1
    left, right = state["left_basis"], state["right_basis"]
    state["first"].lerp_(gradient, 1 - group["betas"][0])
    turned = left.T @ gradient @ right
    state["second"].mul_(late).addcmul_(turned, turned, value=1 - late)
    direction = left @ _normalised(left.T @ state["first"] @ right, state, group) @ right.T
    state["left"].lerp_(gradient @ gradient.T, 1 - late)
    state["right"].lerp_(gradient.T @ gradient, 1 - late)
    if state["step"] % group["refresh"] == 0:
        _refresh(state)
    return direction


def _normalised(first: torch.Tensor, state: dict, group: dict) -> torch.Tensor:
    early, late = group["betas"]
    scale = (state["second"] / (1 - late ** state["step"])).sqrt_().add_(group["eps"])
    return first / (1 - early ** state["step"]) / scale


def _refresh(state: dict) -> None:
    """One step of subspace iteration, largest eigenvalue first; the second moment is reordered with the basis."""
    for side, axis in (("left", 0), ("right", 1)):
        moment, basis = state[side], state[f"{side}_basis"]
        order = torch.argsort(((moment @ basis) * basis).sum(0), descending=True)
        state["second"] = state["second"].index_select(axis, order)
        state[f"{side}_basis"] = torch.linalg.qr(moment @ basis[:, order])[0]
