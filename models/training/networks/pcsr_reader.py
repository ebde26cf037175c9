"""Weights of PCSR from the float models that `pcsr_graph` wrote."""

from pathlib import Path

import numpy as np
import onnx
import torch

from .convolution import CollapsibleConv
from .onnx_reader import constants_of
from .pcsr import FAMILY, HEADS, Head, Pcsr

Constants = dict[str, np.ndarray]
BACKBONE = f"{FAMILY}-backbone-fp32.onnx"


def load_bundle(network: Pcsr, backbone: Path) -> None:
    """Take all weights of the bundle whose backbone is the file `backbone`. Convolutions that it has not, behind those it has, pass their input on, so that
    the network does the same at first (Chen et al. 2016, Net2Net, arXiv 1511.05641). @raises SystemExit if a part is missing or has another shape"""
    parts = {part: backbone.with_name(backbone.name.replace("backbone", part)) for part in ("backbone", "place", *HEADS)}
    missing = [path.name for path in parts.values() if not path.exists()]
    if missing:
        raise SystemExit(f"{', '.join(missing)} must lie beside {backbone}: a bundle has four parts.")
    found = {part: constants_of(onnx.load(path)) for part, path in parts.items()}
    try:
        _load(network, found)
    except (KeyError, RuntimeError, ValueError) as error:
        raise SystemExit(f"The bundle of {backbone} has other layers than {network.shape}: {error}. Give the same --body, --light and --heavy; --body may be longer.") from error


@torch.no_grad()
def _load(network: Pcsr, found: dict[str, Constants]) -> None:
    backbone, place = found["backbone"], found["place"]
    convs = {**{str(index): conv for index, conv in enumerate(network.convs)}, **{f".{name}": conv for name, conv in network.firsts.items()}, ".difficulty": network.difficulty}
    for name, conv in convs.items():
        if name.isdigit() and f"conv{name}.weight" not in backbone:
            conv.load_merged(_passing_on(conv), torch.zeros_like(conv.bias))
            continue
        conv.load_merged(torch.from_numpy(backbone[f"conv{name}.weight"].copy()), torch.from_numpy(backbone[f"conv{name}.bias"].copy()))
    for name in HEADS:
        _load_head(network.heads[name], name, place, found[name])
    tall, wide = place["decision.cell"].ravel()
    network.decision.copy_(torch.tensor([place["decision.y"].item(), place["decision.x"].item(), tall, wide, place["decision.bias"].item()]))


def _passing_on(conv: CollapsibleConv) -> torch.Tensor:
    """The kernel of a convolution that gives what it reads; behind a ReLU it is the identity with its own ReLU, too."""
    kernel = torch.zeros_like(conv.kernel())
    outputs, inputs, side, _ = kernel.shape
    if outputs != inputs:
        raise ValueError(f"a convolution of {inputs} to {outputs} channels cannot pass on what it reads")
    kernel[torch.arange(outputs), torch.arange(outputs), side // 2, side // 2] = 1
    return kernel


def _load_head(head: Head, name: str, place: Constants, own: Constants) -> None:
    for part, ending in zip(head.places, ("row", "column")):
        given = {key: place[f"{name}_{ending}.{key}"] for key in ("place", "cell", "bias", "out.weight")}
        _put(part[0].weight, np.concatenate((given["place"].T, given["cell"].T), 1))
        _put(part[0].bias, given["bias"].ravel())
        _put(part[2].weight, given["out.weight"].T)
        if part[2].bias is not None:
            _put(part[2].bias, place[f"{name}_{ending}.out.offset"].ravel())
    for index, layer in enumerate(head.layers):
        _put(layer.weight, own[f"layer{index}.weight"].T)
        _put(layer.bias, own[f"layer{index}.offset"].ravel())


def _put(parameter: torch.nn.Parameter, values: np.ndarray) -> None:
    if parameter.shape != values.shape:
        raise ValueError(f"{values.shape} in place of {tuple(parameter.shape)}")
    parameter.copy_(torch.from_numpy(np.array(values)))
