"""PSNR and SSIM as the super-resolution literature measures them: on luma, a border of `scale` pixels left out."""

import numpy as np


def psnr(a: np.ndarray, b: np.ndarray, border: int = 0, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB of two planes [h, w] on 0..255."""
    a, b = _inner(a, border), _inner(b, border)
    error = np.mean((a - b) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(peak * peak / error))


def ssim(a: np.ndarray, b: np.ndarray, border: int = 0, peak: float = 255.0) -> float:
    """Structural similarity (Wang et al. 2004): 11x11 Gaussian window, sigma 1.5, K1 0.01, K2 0.03, valid area only."""
    a, b = _inner(a, border), _inner(b, border)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mean_a, mean_b = _blur(a), _blur(b)
    var_a, var_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float(np.mean(similarity / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))))


def _inner(plane: np.ndarray, border: int) -> np.ndarray:
    plane = np.asarray(plane, dtype=np.float64)
    return plane[border:-border, border:-border] if border else plane


def _blur(plane: np.ndarray) -> np.ndarray:
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    taps /= taps.sum()
    rows = sum(tap * plane[index : plane.shape[0] - 10 + index] for index, tap in enumerate(taps))
    return sum(tap * rows[:, index : plane.shape[1] - 10 + index] for index, tap in enumerate(taps))
