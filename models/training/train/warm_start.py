"""Warm start: a network that begins with the weights of a float model trained before.

Convolutions of the same shape are taken over as they are. A network of the same scale with more channels or larger kernels is
grown from the smaller one so that it does the same at first (Chen et al. 2016, Net2Net, arXiv 1511.05641): new channels are
computed from the start, but nothing reads them yet; new rims of kernels are 0. From luma to RGB the first and the last convolution change their shape, but not what they
mean: an RGB network whose first convolution sees nothing but luma, and whose last gives red, green and blue the same residual,
enlarges luma exactly as the luma network does (along the border nearly, where black is padded with). It starts with what that
network has learnt and has only colour left to learn.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from ..data.color import BLACK, WEIGHTS
from ..networks.onnx_reader import facts_of

Layer = tuple[np.ndarray, np.ndarray]
"""Kernel [outputs, inputs, k, k] and bias [outputs]."""


def load_onnx_weights(network: torch.nn.Module, path: Path) -> int:
    """Carry over, from an exported float model, each convolution that fits; how many did."""
    model = onnx.load(path)
    layers = _layers(model, len(network.published))
    if getattr(network, "anchored", False) and network.channels == 3 and layers[0] and layers[0][0].shape[1] == 1:
        layers[0], layers[-1] = _from_rgb(*layers[0]), _to_rgb(*layers[-1])
    grows = int(facts_of(model)["scale"]) == network.scale
    carried = 0
    for index, (conv, layer) in enumerate(zip(network.published, layers)):
        if layer is not None and grows:
            layer = _grown(*layer, conv)
        if layer is None or layer[0].shape != tuple(conv.kernel().shape):
            continue
        kernel, bias = layer
        if not conv.bias.requires_grad and bias.any():
            raise SystemExit(f"{path} has a bias on convolution {index}, which a {network.family} from this trainer keeps at zero to be folded exactly. Start without --from.")
        conv.load_merged(torch.from_numpy(kernel.copy()), torch.from_numpy(bias.copy()))
        carried += 1
    return carried


def _layers(model: onnx.ModelProto, count: int) -> list[Layer | None]:
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    named = [(tensors.get(f"conv{index}.weight"), tensors.get(f"conv{index}.bias")) for index in range(count)]
    return [None if kernel is None or bias is None else (kernel, bias) for kernel, bias in named]


def _grown(kernel: np.ndarray, bias: np.ndarray, conv: torch.nn.Module) -> Layer:
    """A convolution within a larger one: outputs that it has no filter for keep their random one, what is new in the others is 0."""
    own = conv.kernel().detach().numpy()
    outputs, inputs, side, _ = kernel.shape
    rim, odd = divmod(own.shape[2] - side, 2)
    if outputs > own.shape[0] or inputs > own.shape[1] or rim < 0 or odd:
        return kernel, bias
    wide, offsets = own.copy(), np.zeros(own.shape[0], np.float32)
    wide[:outputs] = 0
    wide[:outputs, :inputs, rim : rim + side, rim : rim + side], offsets[:outputs] = kernel, bias
    return wide, offsets


def _from_rgb(kernel: np.ndarray, bias: np.ndarray) -> Layer:
    """A convolution of luma as one of R, G and B in 0..1: Y = BLACK + WEIGHTS . RGB."""
    return (kernel * WEIGHTS.reshape(1, 3, 1, 1)).astype(np.float32), (bias + BLACK * kernel.sum((1, 2, 3))).astype(np.float32)


def _to_rgb(kernel: np.ndarray, bias: np.ndarray) -> Layer:
    """A luma residual given to R, G and B alike, channel after channel; one level of luma is more than one of each."""
    share = 1 / WEIGHTS.sum()
    return np.tile(kernel * share, (3, 1, 1, 1)).astype(np.float32), np.tile(bias * share, 3).astype(np.float32)
