"""The parameters that an optimizer changes in one step."""

from collections.abc import Iterator

import torch


def with_gradients(optimizer: torch.optim.Optimizer) -> Iterator[tuple[dict, torch.nn.Parameter, dict]]:
    """Every parameter that has a gradient, between its group and its state, which is empty before the parameter's first step."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:
                yield group, parameter, optimizer.state[parameter]
