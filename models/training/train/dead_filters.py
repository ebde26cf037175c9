"""Dead filters: those whose ReLU gives 0 everywhere, and their replacement by new ones."""

import numpy as np
import torch

from ..networks.activations import largest_activations


@torch.no_grad()
def revive(network: torch.nn.Module, pictures: list[np.ndarray]) -> int:
    """Give each channel that a ReLU keeps at 0 all over `pictures`, uint8 [channels, h, w], a new filter; how many there were.

    A filter that never fires gets no gradient, and high rates leave many so: of the first convolution's 28 in the ABPNs
    trained here, 11 (x4) to 17 (x2, x3) were dead. Nothing reads the new ones yet, so the network does the same at first. They sum to 0, to
    fire at edges of either kind. For networks that are one chain of convolutions with ReLUs (`anchored`).
    """
    if not getattr(network, "anchored", False):
        return 0
    highest = largest_activations(network, pictures)[1:]
    for conv, following, most in zip(network.convs, network.convs[1:], highest):
        dead = most <= 0
        kernel, bias, readers = conv.kernel().clone(), conv.bias.clone(), following.kernel().clone()
        fresh = torch.randn_like(kernel) * (2 / kernel[0].numel()) ** 0.5
        kernel[dead], bias[dead], readers[:, dead] = (fresh - fresh.mean((1, 2, 3), keepdim=True))[dead], 0, 0
        conv.load_merged(kernel, bias)
        following.load_merged(readers, following.bias.clone())
    return sum(int((most <= 0).sum()) for most in highest)
