"""Pictures of bytes to tensors in 0..1 and back."""

import numpy as np
import torch

from ..measure.runtime import at_multiple


def normal(planes: torch.Tensor) -> torch.Tensor:
    """uint8 to float32 in 0..1."""
    return planes.float().div_(255)


@torch.no_grad()
def infer(network: torch.nn.Module, plane: np.ndarray) -> np.ndarray:
    """uint8 [c, h, w] to uint8 [c, h*scale, w*scale]."""
    device = next(network.parameters()).device

    def enlarged(padded: np.ndarray) -> np.ndarray:
        output = network(normal(torch.from_numpy(np.ascontiguousarray(padded)).to(device))[None])[0]
        return output.mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()

    return at_multiple(plane, getattr(network, "multiple", None) or network.align, enlarged)
