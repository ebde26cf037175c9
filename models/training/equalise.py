"""Channels brought nearer to each other before they are rounded, without changing what the network does.

All channels of a stored tensor share one 8-bit step, so one that reaches a tenth of the others' values has a tenth of their
levels. A ReLU passes a positive factor on: dividing a filter by it and multiplying what reads the filter by it is the same
function (Nagel et al. 2019, arXiv 1906.04721, section 4.1). The factor is the square root of what a channel reaches over
pictures by the strength with which it is read (Xiao et al. 2022, SmoothQuant, arXiv 2211.10438, equation 4, which takes the
greatest weight where this takes the norm): what helps activations is not taken from the weights.
"""

import numpy as np
import torch

LEAST = 0.1
"""Of the greatest activation or norm: what channels with less are taken to have. A filter that hardly fires on the crops may on other
pictures; scaled up without bound it would be cut off there."""


@torch.no_grad()
def equalise(network: torch.nn.Module, crops: list[np.ndarray]) -> bool:
    """Rescale the channels of a chain of convolutions with ReLUs (`anchored`) in place, by what they reach over uint8 `crops`."""
    if not getattr(network, "anchored", False) or network.clip_inner:
        return False
    for conv, following, most in zip(network.convs, network.convs[1:], greatest(network, crops)):
        kernel, readers = conv.kernel(), following.kernel()
        reach, strength = (values.clamp_min(LEAST * values.max()) for values in (most, readers.square().sum((0, 2, 3)).sqrt()))
        factor = (reach / strength).sqrt()
        factor /= factor.log().mean().exp()
        conv.load_merged(kernel / factor[:, None, None, None], conv.bias / factor)
        following.load_merged(readers * factor[None, :, None, None], following.bias.clone())
    return True


@torch.no_grad()
def greatest(network: torch.nn.Module, crops: list[np.ndarray]) -> list[torch.Tensor]:
    """The greatest value of each convolution's channels over `crops`, uint8 [channels, h, w], before any ReLU."""
    found: list[torch.Tensor] = []
    watches = [conv.register_forward_hook(lambda _, __, output: seen.append(output.float().amax((0, 2, 3)))) for conv in network.convs]
    for crop in crops:
        seen: list[torch.Tensor] = []
        height, width = (side - side % network.align for side in crop.shape[1:])
        network(torch.from_numpy(np.ascontiguousarray(crop[:, :height, :width])).float().div(255)[None])
        found = [torch.maximum(*pair) for pair in zip(found, seen)] if found else seen
    for watch in watches:
        watch.remove()
    return found
