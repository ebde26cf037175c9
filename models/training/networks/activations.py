"""Largest activations of a network over pictures."""

import numpy as np
import torch


@torch.no_grad()
def largest_activations(network: torch.nn.Module, crops: list[np.ndarray]) -> list[torch.Tensor]:
    """Largest absolute value of each input channel of each convolution over `crops`, uint8 [channels, h, w].

    One float tensor [inputs] for each of `network.convs`, in their order.
    """
    found: list[torch.Tensor] = []
    watches = [conv.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().abs().amax((0, 2, 3)))) for conv in network.convs]
    for crop in crops:
        seen: list[torch.Tensor] = []
        height, width = (side - side % network.align for side in crop.shape[1:])
        network(torch.from_numpy(np.ascontiguousarray(crop[:, :height, :width])).float().div(255)[None])
        found = [torch.maximum(*pair) for pair in zip(found, seen)] if found else seen
    for watch in watches:
        watch.remove()
    return found
