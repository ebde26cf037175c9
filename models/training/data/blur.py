"""Blur: kernels of out-of-focus, moving and diffracting cameras, and crops blurred by them on the device that trains."""

import numpy as np
import torch
import torch.nn.functional as F

SIDE = 25
"""Height and width of every kernel, odd."""
REACH = SIDE // 2
MARGIN = REACH // 2
"""Pixels of a folded picture that a blur takes, each side."""
KINDS = ("motion", "gaussian", "motion", "defocus", "motion", "diffraction")
"""Kinds of the bank's kernels, in turn. Half of them are movements: these differ most from one another, and take longest to learn."""
HIGHLIGHT, WHITE, BRIGHTER = 200.0, 235.0, 4.0
"""Luma above HIGHLIGHT stands for light that the sensor cuts off at WHITE: it is taken to be BRIGHTER times as far above. Blurred and cut off
again, it leaves the halo of an overexposed lamp."""


def gaussian(sigma: float) -> np.ndarray:
    """A Gaussian of so many pixels, float32 [25, 25], sum 1, as all kernels here."""
    row = np.exp(-0.5 * (np.arange(-REACH, REACH + 1) / sigma) ** 2)
    return _whole(np.outer(row, row))


def motion(length: float, degrees: float) -> np.ndarray:
    """A straight movement of so many pixels, sampled finely and shared out among the pixels around each sample."""
    kernel, angle = np.zeros((SIDE, SIDE)), np.deg2rad(degrees)
    for along in np.linspace(-length / 2, length / 2, 8 * SIDE):
        x, y = REACH + along * np.cos(angle), REACH + along * np.sin(angle)
        left, top = int(np.floor(x)), int(np.floor(y))
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
            if 0 <= top + row < SIDE and 0 <= left + column < SIDE:
                kernel[top + row, left + column] += (1 - abs(x - left - column)) * (1 - abs(y - top - row))
    return _whole(kernel)


def defocus(radius: float) -> np.ndarray:
    """A disc with an edge of one pixel."""
    across = np.arange(-REACH, REACH + 1)
    return _whole(np.clip(radius + 0.5 - np.hypot(across[:, None], across), 0, 1))


def diffraction(spread: float, degrees: float) -> np.ndarray:
    """A screen before the lens: the power spectrum of an aperture crossed by two bars, a bright core with spikes along both."""
    across = np.linspace(-1, 1, 64)
    y, x = np.meshgrid(across, across, indexing="ij")
    angle = np.deg2rad(degrees)
    turned = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bars = sum(np.abs(np.mod(axis * 2, 1) - 0.5) < 0.12 for axis in turned)
    aperture = (np.hypot(x, y) < 0.9) * (bars == 0)
    side = round(64 * max(spread, 1.0))
    power = np.abs(np.fft.fftshift(np.fft.fft2(aperture, (side, side)))) ** 2
    middle = side // 2
    return _whole(np.sqrt(power[middle - REACH : middle + REACH + 1, middle - REACH : middle + REACH + 1]) ** 1.5)


def bank(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random kernels, float32 [count, 25, 25], of `KINDS` in turn, and 1 for each that cuts highlights off (diffraction), float32 [count]."""
    random, kernels = np.random.default_rng(seed), []
    for index in range(count):
        kind, turn = KINDS[index % len(KINDS)], random.uniform(0, 180)
        if kind == "gaussian":
            kernels.append(gaussian(random.uniform(0.5, 2.5)))
        elif kind == "motion":
            kernels.append(motion(random.uniform(3, 15), turn))
        elif kind == "defocus":
            kernels.append(defocus(random.uniform(0.8, 3.2)))
        else:
            kernels.append(diffraction(random.uniform(1.0, 2.2), turn))
    cut = np.array([KINDS[index % len(KINDS)] == "diffraction" for index in range(count)], np.float32)
    return torch.from_numpy(np.stack(kernels)), torch.from_numpy(cut)


def blurred(crops: torch.Tensor, kernels: torch.Tensor, small: torch.Tensor, cut: torch.Tensor) -> torch.Tensor:
    """Folded crops [n, 6, h, w], float in levels, each by its kernel [n, 25, 25]; [n, 6, h - 2 MARGIN, w - 2 MARGIN], float in levels.

    U and V are blurred by the kernels `small`, those of `halved`. Crops whose `cut` [n] is 1 have their highlights cut off.
    """
    n, cut = len(crops), cut.view(-1, 1, 1, 1)
    luma = F.pixel_shuffle(crops[:, :4], 2)
    light = luma + cut * (BRIGHTER - 1) * (luma - HIGHLIGHT).clamp_min(0)
    found = F.conv2d(light.transpose(0, 1), kernels.unsqueeze(1), groups=n).transpose(0, 1)
    found = torch.where(cut > 0, found.clamp_max(WHITE), found)
    both = crops[:, 4:].reshape(1, 2 * n, *crops.shape[2:])
    chroma = F.conv2d(both, small.repeat_interleave(2, 0).unsqueeze(1), groups=2 * n)
    return torch.cat((F.pixel_unshuffle(found, 2), chroma.view(n, 2, *chroma.shape[2:])), 1)


def halved(kernels: torch.Tensor) -> torch.Tensor:
    """Kernels [n, 25, 25] for planes of half the size, [n, 13, 13], sum 1: smoothed by 1/4, 1/2, 1/4 and every second value taken."""
    taps = torch.tensor([0.25, 0.5, 0.25])
    smooth = F.conv2d(kernels.unsqueeze(1), torch.outer(taps, taps).view(1, 1, 3, 3), padding=1, stride=2).squeeze(1)
    return smooth / smooth.sum((1, 2), keepdim=True)


def _whole(kernel: np.ndarray) -> np.ndarray:
    return (kernel / kernel.sum()).astype(np.float32)
