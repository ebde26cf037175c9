"""The device that trains: a CUDA GPU or the CPU."""

import torch

DEVICES = ("auto", "cpu", "cuda")


def device_of(name: str) -> torch.device:
    """The device by its name; "auto" is CUDA where there is one. @raises SystemExit if there is none and it was asked for."""
    if name == "cuda" and not torch.cuda.is_available():
        raise SystemExit(
            f"--device cuda: PyTorch {torch.__version__} finds no CUDA device here. Install PyTorch's CUDA build and the GPU's driver, or leave --device out to train on the CPU."
        )
    return torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")
