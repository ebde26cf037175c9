"""Tests that need a CUDA device; `test_step` collects them where there is one."""

import copy
import unittest

import torch

from ..train.recipe import OPTIMIZERS, Recipe
from ..train.step import Step
from .steps import RECIPE, built_again, photographs


class Recorded(unittest.TestCase):
    def test_crops_are_the_same_bytes_on_both_devices_but_for_the_rounding_of_shrunk_borders(self):
        ours, theirs = photographs(RECIPE, "cuda").at(3), photographs(RECIPE).at(3)
        self.assertLessEqual((ours.low.cpu().int() - theirs.low.int()).abs().max().item(), 1)
        torch.testing.assert_close(ours.high.cpu(), theirs.high, rtol=0, atol=0)

    def test_steps_recorded_as_graphs_are_those_of_the_cpu(self):
        for optimizer in OPTIMIZERS:
            recipe, ends = Recipe(**{**RECIPE.__dict__, "optimizer": optimizer, "frames": 0.0}), []
            for device in ("cpu", "cuda"):
                network = built_again(recipe).to(device)
                average = copy.deepcopy(network).requires_grad_(False)
                take = Step(recipe, network, average, OPTIMIZERS[optimizer](network.parameters(), lr=0.0), photographs(recipe, device))
                # The second and the seventh step see another loss than those before them.
                for step in (0, 1, 6, 7):
                    take(step)
                ends.append([parameter.detach().cpu() for parameter in (*network.parameters(), *average.parameters())])
            for one, other in zip(*ends):
                torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-4)
