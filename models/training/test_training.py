import copy
import unittest

import numpy as np
import torch

from . import fixtures
from .data import Pair, bicubic, weighed
from .losses import mse
from .soap import Soap


class Optimizer(unittest.TestCase):
    def test_soap_solves_what_adam_creeps_through(self):
        # Least squares whose inputs are strongly correlated, as neighbouring pixels are.
        torch.manual_seed(0)
        inputs = torch.randn(512, 12) @ torch.diag(torch.logspace(0, -2.5, 12)) @ torch.linalg.qr(torch.randn(12, 12))[0]
        truth = torch.randn(4, 12)
        left = {}
        for make in (Soap, torch.optim.Adam):
            weight = torch.nn.Parameter(torch.zeros(4, 12))
            optimizer = make([weight], lr=0.02)
            for _ in range(400):
                optimizer.zero_grad()
                ((inputs @ weight.T - inputs @ truth.T) ** 2).mean().backward()
                optimizer.step()
            left[make] = float((weight - truth).square().mean().detach())
        self.assertLess(left[Soap], 0.1 * left[torch.optim.Adam])

    def test_soap_goes_on_from_its_saved_state(self):
        torch.manual_seed(0)
        gradients = [torch.randn(3, 4, 3, 3) for _ in range(30)]
        whole = _walk(torch.nn.Parameter(torch.zeros(3, 4, 3, 3)), gradients, None)[0]
        half, state = _walk(torch.nn.Parameter(torch.zeros(3, 4, 3, 3)), gradients[:13], None)
        again, _ = _walk(torch.nn.Parameter(half.clone()), gradients[13:], copy.deepcopy(state))
        torch.testing.assert_close(again, whole, rtol=0, atol=0)


class Weights(unittest.TestCase):
    def test_weighed_squared_error_pulls_as_the_mean_psnr_does(self):
        calm, busy = fixtures.picture(1, 24, 24, 1), fixtures.picture(1, 24, 24, 2)
        pairs = []
        for low, noise in ((calm, 3), (busy, 20)):
            high = bicubic(low, 2).astype(int) + np.random.default_rng(3).normal(0, noise, (1, 48, 48)).round().astype(int)
            pairs.append(Pair(low, high.clip(0, 255).astype(np.uint8)))
        pairs = weighed(pairs, 2)
        self.assertAlmostEqual(np.mean([pair.weight for pair in pairs]), 1)
        target = torch.from_numpy(np.stack([pair.high for pair in pairs])).double()
        picture = torch.from_numpy(np.stack([bicubic(pair.low, 2) for pair in pairs])).double().requires_grad_()
        by_weight = torch.autograd.grad(mse(picture, target, torch.tensor([pair.weight for pair in pairs])), picture)[0]
        psnr = -10 * torch.log10(((picture - target) ** 2).mean(dim=(1, 2, 3))).mean()
        by_psnr = -torch.autograd.grad(psnr, picture)[0]
        torch.testing.assert_close(by_weight / by_weight.norm(), by_psnr / by_psnr.norm())


def _walk(weight: torch.nn.Parameter, gradients: list[torch.Tensor], state: dict | None) -> tuple[torch.Tensor, dict]:
    optimizer = Soap([weight], lr=0.01)
    if state:
        optimizer.load_state_dict(state)
    for gradient in gradients:
        weight.grad = gradient
        optimizer.step()
    return weight.detach(), optimizer.state_dict()


if __name__ == "__main__":
    unittest.main()
