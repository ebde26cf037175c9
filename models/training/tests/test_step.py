import contextlib
import copy
import io
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..data.batches import Photographs
from ..data.crops import ORIENTATIONS, oriented
from ..data.pairs import Pair
from ..measure.cpu import computes_bfloat16
from ..train.checkpoint import averaged_network
from ..train.device import device_of
from ..train.loop import train
from ..train.losses import l1, mse
from ..train.muon import orthogonal
from ..train.recipe import OPTIMIZERS, Recipe
from ..train.schedule import learning_rate
from ..train.step import Step
from . import fixtures
from .steps import RECIPE, built_again, photographs


class Crops(unittest.TestCase):
    def test_a_crop_is_a_piece_of_a_picture_in_one_of_eight_orientations_alike_at_both_resolutions(self):
        for channels, scale in ((1, 3), (3, 2)):
            low = fixtures.picture(channels, 20, 23, 1)
            high = np.random.default_rng(2).integers(0, 256, (channels, 20 * scale, 23 * scale), dtype=np.uint8)
            found, seen = Photographs([Pair(low, high)], scale, 15, 96, seed=4).at(0), set()
            pieces = {
                oriented(low[:, top : top + 15, left : left + 15], orientation).tobytes(): (orientation, high[:, top * scale : (top + 15) * scale, left * scale : (left + 15) * scale])
                for orientation in range(ORIENTATIONS)
                for top in range(6)
                for left in range(9)
            }
            for crop, larger in zip(found.low.numpy(), found.high.numpy()):
                orientation, piece = pieces[crop.tobytes()]
                np.testing.assert_array_equal(larger, oriented(piece, orientation))
                seen.add(orientation)
            self.assertEqual(seen, set(range(ORIENTATIONS)))

    def test_the_crops_of_a_step_follow_from_the_seed_and_the_step_alone(self):
        one, other = photographs(RECIPE), photographs(RECIPE)
        for step in (0, 1, 2):
            one.at(step)
        for ours, theirs in zip(one.plan(7).tensors(), other.plan(7).tensors()):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
        self.assertFalse(torch.equal(one.plan(7).crops, one.plan(8).crops))

    def test_borders_come_at_their_share_over_many_steps(self):
        found = photographs(RECIPE)
        framed = sum(int(found.plan(step).crops[:, 4].sum()) for step in range(100))
        self.assertAlmostEqual(framed / 600, RECIPE.frames, delta=0.01)


class Steps(unittest.TestCase):
    def test_a_step_is_the_gradient_of_the_loss_on_its_crops_for_the_optimizer_and_a_share_for_the_average(self):
        for optimizer in OPTIMIZERS:
            for step, loss in ((0, l1), (11, mse)):
                recipe = Recipe(**{**RECIPE.__dict__, "optimizer": optimizer})
                network = built_again(recipe)
                average, expected = copy.deepcopy(network), copy.deepcopy(network)
                pictures = photographs(recipe)
                make = OPTIMIZERS[optimizer]
                taken = Step(recipe, network, average, make(network.parameters(), lr=0.0), pictures)(step).item()

                by_hand, batch = make(expected.parameters(), lr=0.0), pictures.at(step)
                output, target = expected(batch.low.float() / 255), batch.high.float() / 255
                value = mse(output, target, batch.weights) if loss is mse else l1(output, target)
                value.backward()
                by_hand.param_groups[0]["lr"] = learning_rate(step, recipe.steps, recipe.peak_rate)
                by_hand.step()
                self.assertAlmostEqual(taken, value.item(), places=6)
                share = 1 - min(recipe.ema, (step + 1) / (step + 10))
                start = built_again(recipe)
                for ours, theirs, mean, first in zip(network.parameters(), expected.parameters(), average.parameters(), start.parameters()):
                    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)
                    torch.testing.assert_close(mean, first.lerp(theirs, share), rtol=1e-5, atol=1e-7)

    def test_bfloat16_is_used_where_the_cpu_computes_it_and_nowhere_else(self):
        def first_loss(float32_from: float) -> float:
            network = built_again(RECIPE)
            recipe = Recipe(**{**RECIPE.__dict__, "float32_from": float32_from})
            return Step(recipe, network, copy.deepcopy(network), OPTIMIZERS["adam"](network.parameters(), lr=0.0), photographs(recipe))(0).item()

        self.assertEqual(first_loss(1.0) != first_loss(0.0), computes_bfloat16())

    def test_an_interrupted_run_ends_in_the_same_network(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            data = Path(folder) / "data"
            for part in ("train", "val", "val2"):
                (data / part).mkdir(parents=True)
                Image.fromarray(np.repeat(fixtures.picture(1, 200, 200)[0][..., None], 3, 2)).save(data / part / "0.png")
            recipe = Recipe("swift", 3, steps=4, optimizer="muon", batch=2, patch=16, sizes=(1.0,), frames=0.3)
            train(recipe, data, Path(folder) / "whole", validate_every=2)
            with self.assertRaises(KeyboardInterrupt):
                train(recipe, data, Path(folder) / "halves", validate_every=interrupting(2))
            train(recipe, data, Path(folder) / "halves", validate_every=2)
            whole, halves = (averaged_network(Path(folder) / name)[1] for name in ("whole", "halves"))
            for one, other in zip(whole.parameters(), halves.parameters()):
                torch.testing.assert_close(one, other, rtol=0, atol=0)
            last = json.loads((Path(folder) / "halves" / "log.jsonl").read_text().splitlines()[-1])
            self.assertAlmostEqual(last["gain_db"], (last["val_gain_db"] + last["val2_gain_db"]) / 2, delta=1e-4)


class Orthogonal(unittest.TestCase):
    def test_all_singular_values_come_near_1_and_the_vectors_stay(self):
        for shape in ((8, 30), (30, 8)):
            matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
            u, _, v = torch.linalg.svd(matrix, full_matrices=False)
            turned = u.T @ orthogonal(matrix) @ v.T
            self.assertTrue(((turned.diag() > 0.6) & (turned.diag() < 1.3)).all())
            torch.testing.assert_close(turned, turned.diag().diag(), rtol=0, atol=1e-4)


class Devices(unittest.TestCase):
    def test_the_device_is_the_one_asked_for_or_the_best_there_is(self):
        self.assertEqual(device_of("cpu").type, "cpu")
        self.assertEqual(device_of("auto").type, "cuda" if torch.cuda.is_available() else "cpu")


class interrupting(int):
    """A number of steps between validations, after the first of which the run is interrupted."""

    def __rmod__(self, step: int) -> int:
        if step > int(self):
            raise KeyboardInterrupt
        return step % int(self)


def load_tests(loader: unittest.TestLoader, tests: unittest.TestSuite, pattern: str | None) -> unittest.TestSuite:
    """The tests of this module, with those that need a CUDA device where there is one."""
    if torch.cuda.is_available():
        from . import on_cuda

        tests.addTests(loader.loadTestsFromModule(on_cuda))
    else:
        print("Without a CUDA device the tests of tests/on_cuda.py are not collected: a recorded step against one on the CPU.")
    return tests


if __name__ == "__main__":
    unittest.main()
