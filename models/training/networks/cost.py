"""Parameters and multiplications of a network."""

from torch import nn

from .convolution import merged


def cost(network: nn.Module) -> tuple[int, int]:
    """(parameters, multiplications per input pixel) of the network as published; folded pixels are as many fewer."""
    layers = [merged(conv) for conv in network.published]
    weights = sum(kernel.numel() for kernel, _ in layers)
    multiplications = getattr(network, "multiplications", weights // network.align**2)
    return weights + sum(bias.numel() for _, bias in layers), multiplications
