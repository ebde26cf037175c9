"""Cross-layer equalisation: channels scaled to similar ranges before rounding, without a change in the network's function.

All channels of a stored tensor share one 8-bit step, so one that reaches a tenth of the others' values has a tenth of their
levels. A ReLU, or a sum of channels that are all scaled alike, passes a positive factor on: dividing a filter by it and
multiplying what reads the filter by it is the same function (Nagel et al. 2019, arXiv 1906.04721, section 4.1). The factor is a channel's largest activation over pictures to the power of `alpha`, divided by the norm of the weights that read it to
the power of the rest (Xiao et al. 2022, SmoothQuant, arXiv 2211.10438, equation 4, which takes the greatest weight where this takes the norm): the gain
for activations must not be a loss for weights.
"""

import numpy as np
import torch

from ..networks.activations import largest_activations

LEAST = 0.1
"""Floor for a channel's activation or norm, as a share of the largest. A filter that hardly fires on the crops may fire on
other pictures; scaled up without a bound it would be cut off there."""


Linked = tuple[list[torch.nn.Module], list[torch.nn.Module]]
"""Convolutions whose results are, channel for channel, one and the same tensor or added up to it, and all that read it."""


@torch.no_grad()
def equalise(network: torch.nn.Module, crops: list[np.ndarray], alpha: float = 0.5) -> bool:
    """Rescale the channels of a network that `links` knows in place, by what they reach over uint8 `crops`. With an `alpha` of 1 the activations of all channels reach as far."""
    if not links(network) or network.clip_inner:
        return False
    reached = dict(zip(network.convs, largest_activations(network, crops)))
    for writers, readers in links(network):
        reach = torch.stack([reached[reader] for reader in readers]).amax(0)
        strength = sum(reader.kernel().square().sum((0, 2, 3)) for reader in readers).sqrt()
        reach, strength = (values.clamp_min(LEAST * values.max()) for values in (reach, strength))
        factor = reach**alpha / strength ** (1 - alpha)
        factor /= factor.log().mean().exp()
        for conv in writers:
            conv.load_merged(conv.kernel() / factor[:, None, None, None], conv.bias / factor)
        for conv in readers:
            conv.load_merged(conv.kernel() * factor[None, :, None, None], conv.bias.clone())
    return True


def links(network: torch.nn.Module) -> list[Linked]:
    """Pairs of writers and readers: in a chain, each convolution and the next; in a trunk with blocks, those within each block, and the trunk's."""
    if blocks := getattr(network, "blocks", []):
        widening, narrowing = zip(*blocks)
        return [*(([wide], [narrow]) for wide, narrow in blocks), ([network.convs[0], *narrowing], [*widening, network.convs[-1]])]
    return [([conv], [following]) for conv, following in zip(network.convs, network.convs[1:])] if getattr(network, "anchored", False) else []
