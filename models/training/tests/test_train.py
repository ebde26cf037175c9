import contextlib
import copy
import io
import tempfile
import unittest
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..data.batches import Photographs
from ..data.borders import WIDEST, drawn_borders, with_borders
from ..data.crops import oriented
from ..data.pairs import Pair, load_pairs, weighted
from ..data.pictures import SHRINKING, bicubic
from ..train.average import average
from ..train.checkpoint import averaged_network
from ..train.history import history
from ..train.loop import train
from ..train.losses import luma_and_colour, mse
from ..train.recipe import Recipe
from ..train.schedule import learning_rate, triangular
from ..train.soap import Soap
from . import fixtures


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
        pairs = weighted(pairs, 2, 0.5)
        self.assertAlmostEqual(np.mean([pair.weight for pair in pairs]), 1)
        target = torch.from_numpy(np.stack([pair.high for pair in pairs])).double()
        picture = torch.from_numpy(np.stack([bicubic(pair.low, 2) for pair in pairs])).double().requires_grad_()
        by_weight = torch.autograd.grad(mse(picture, target, torch.tensor([pair.weight for pair in pairs])), picture)[0]
        psnr = -10 * torch.log10(((picture - target) ** 2).mean(dim=(1, 2, 3))).mean()
        by_psnr = -torch.autograd.grad(psnr, picture)[0]
        torch.testing.assert_close(by_weight / by_weight.norm(), by_psnr / by_psnr.norm())


class Colour(unittest.TestCase):
    def test_a_share_of_the_loss_is_taken_on_luma_alone(self):
        # Green up and red down so that luma stays: only the share on R, G and B sees it. Luma 0.5 up: both do.
        target = torch.full((1, 3, 4, 4), 0.5)
        tint = torch.tensor([128.553, -65.481, 0.0]).view(1, 3, 1, 1) / 1000
        loss = luma_and_colour(lambda output, target: (output - target).abs().mean(), 0.75)
        self.assertAlmostEqual(loss(target + tint, target).item(), 0.25 * tint.abs().mean().item(), places=6)
        self.assertAlmostEqual(loss(target + 0.5, target).item(), 0.25 * 0.5 + 0.75 * 0.5 * 219 / 255, places=6)

    def test_a_network_on_luma_has_no_share_to_choose(self):
        with self.assertRaisesRegex(SystemExit, "--luma 0.5"):
            train(Recipe("abpn", 3, luma=0.5), Path("data"), Path("run"))


class Settings(unittest.TestCase):
    def test_the_triangle_rises_to_its_peak_and_falls_in_straight_lines(self):
        rates = [triangular(step, 5000, 2.5e-3) for step in (0, 25, 50, 2525, 5000)]
        np.testing.assert_allclose(rates, [5e-5, 1.275e-3, 2.5e-3, 1.3e-3, 1e-4])

    def test_the_one_cycle_peaks_after_its_warm_up_and_ends_at_nothing(self):
        rates = [learning_rate(step, 1000, 1.0) for step in range(1000)]
        self.assertEqual(int(np.argmax(rates)), 29)
        self.assertEqual((max(rates), rates[-1]), (1.0, 0.0))

    def test_light_is_scaled_from_black_alike_in_both_resolutions(self):
        for channels, black in ((1, 16), (3, 0)):
            flat = Pair(np.full((channels, 8, 8), 116, np.uint8), np.full((channels, 16, 16), 116, np.uint8))
            found = Photographs([flat], 2, 4, 64, seed=0, intensities=(1.0, 0.7, 0.5)).at(0)
            low, high = found.low.numpy(), found.high.numpy()
            levels = {round(black + (116 - black) * light) for light in (1.0, 0.7, 0.5)}
            self.assertEqual(set(np.unique(low)), levels)
            np.testing.assert_array_equal(low.repeat(2, axis=2).repeat(2, axis=3), high)

    def test_an_older_checkpoint_s_recipe_has_the_defaults_of_what_it_does_not_know(self):
        old = {name: value for name, value in asdict(Recipe("abpn", 3)).items() if name not in ("schedule", "intensities", "clip_inner", "output")}
        self.assertEqual(Recipe.of({**old, "sizes": list(old["sizes"])}), Recipe("abpn", 3))
        for shape, hidden in (({"width": 20, "depth": 3}, (20,) * 4), ({"width": 20, "depth": 0}, (20,) * 5), ({"width": 0, "depth": 2}, (32,) * 3), ({"width": 0, "depth": 0}, ())):
            self.assertEqual(Recipe.of({**old, **shape}).hidden, hidden)
        del old["optimizer"], old["lossy_sizes"]
        self.assertEqual(Recipe.of(old), Recipe("abpn", 3, optimizer="adam", lossy_sizes=()))


class Averages(unittest.TestCase):
    def test_a_run_between_two_has_the_mean_of_their_weights_and_runs_of_other_shapes_are_refused(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            root, kernels = Path(folder), []
            for part in ("train", "val"):
                (root / "data" / part).mkdir(parents=True)
                Image.fromarray(np.repeat(fixtures.picture(1, 200, 200)[0][..., None], 3, 2)).save(root / "data" / part / "0.png")
            for name, seed in (("a", 1), ("b", 2)):
                train(Recipe("abpn", 2, steps=2, batch=2, patch=24, sizes=(1.0,), seed=seed), root / "data", root / name)
                kernels.append(averaged_network(root / name)[1].convs[3].kernel().detach().numpy())
            average([root / "a", root / "b"], root / "mean")
            recipe, network, step = averaged_network(root / "mean")
            np.testing.assert_allclose(network.convs[3].kernel().detach().numpy(), (kernels[0] + kernels[1]) / 2, atol=1e-7)
            self.assertEqual((recipe.seed, step), (2, 2))
            train(Recipe("abpn", 3, steps=1, batch=2, patch=24, sizes=(1.0,)), root / "data", root / "c")
            for runs, into, reason in (("ac", "never", "one shape"), ("ab", "mean", "already"), ("ax", "never", "no checkpoint")):
                with self.assertRaisesRegex(SystemExit, reason):
                    average([root / name for name in runs], root / into)
            self.assertEqual(history(root / "mean")[-1]["averaged"], 2)

    def test_a_share_of_frames_is_one_and_no_teacher_has_seen_them(self):
        for refused, teacher in ((Recipe("abpn", 2, frames=1.5), None), (Recipe("abpn", 2, frames=0.1, distillation=0.5), Path("teacher.onnx"))):
            with self.assertRaisesRegex(SystemExit, "--frames"):
                train(refused, Path("none"), Path("none"), teacher=teacher)


class Pictures(unittest.TestCase):
    def test_a_calm_picture_weighs_more_but_none_as_if_its_error_were_under_the_floor(self):
        low = np.full((1, 6, 6), 100, np.uint8)
        pairs = [Pair(low, np.full((1, 12, 12), 100 + error, np.uint8)) for error in (1, 4, 8)]
        for floor, expected in ((0.5, [64, 4, 1]), (4.0, [4, 4, 1])):
            weights = [pair.weight for pair in weighted(pairs, 2, floor)]
            np.testing.assert_allclose(weights, np.array(expected) * 3 / sum(expected))

    def test_a_share_of_the_crops_is_framed_and_shrunk_by_itself(self):
        low = fixtures.picture(1, 60, 60)
        high = low.repeat(3, axis=1).repeat(3, axis=2)
        for share in (0.0, 0.5, 1.0):
            found = Photographs([Pair(low, high)], 3, 24, 64, seed=0, frames=share).at(0)
            crops, larger = found.low.numpy(), found.high.numpy()
            whole = np.array([np.array_equal(crop, big[:, 1::3, 1::3]) for crop, big in zip(crops, larger)])
            self.assertAlmostEqual(1 - whole.mean(), share, delta=0.2)
            for crop, big in zip(crops[~whole], larger[~whole]):
                # To a level: Pillow rounds between rows and columns, and these may have changed places since.
                np.testing.assert_allclose(crop[0], np.asarray(Image.fromarray(big[0]).resize((24, 24), Image.BICUBIC)), atol=1)

    def test_a_frame_has_one_level_and_leaves_the_rest_of_the_picture(self):
        random, high = np.random.default_rng(1), fixtures.picture(1, 40, 50)
        painted = 0
        for borders in drawn_borders(random, 40):
            found = with_borders(torch.from_numpy(high[None]), torch.from_numpy(borders[None]))[0].numpy()
            reach = int(WIDEST)
            np.testing.assert_array_equal(found[:, reach:-reach, reach:-reach], high[:, reach:-reach, reach:-reach])
            if (rows := found[0, 0]).min() == rows.max():
                painted += 1
        self.assertGreater(painted, 8)

    def test_those_that_were_compressed_are_taken_at_sizes_of_their_own(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("whole.png", "lossy.jpg"):
                Image.fromarray(np.repeat(fixtures.picture(1, 100, 120)[0][..., None], 3, 2)).save(Path(folder) / name)
            sides = [pair.low.shape[1] for pair in load_pairs(Path(folder), 2, 1, (1.0, 0.8), 10, (0.6,))]
            self.assertEqual(sides, [30, 50, 40])
            softer, sharper = (load_pairs(Path(folder), 2, 1, (0.5,), 10, (), filter)[0].high.astype(int) for filter in SHRINKING.values())
            self.assertGreater(np.abs(np.diff(sharper)).mean(), np.abs(np.diff(softer)).mean())
            self.assertEqual([pair.low.shape[1] for pair in load_pairs(Path(folder), 2, 1, (1.0,), 10)], [50, 50])


class Distillation(unittest.TestCase):
    def test_what_the_teacher_drew_is_cut_where_the_photograph_is(self):
        low = fixtures.picture(1, 40, 50)
        high = low.repeat(2, axis=1).repeat(2, axis=2)
        photographs = Photographs([Pair(low, high, teacher_output=255 - high)], 2, 16, 8, seed=0)
        for step in range(4):
            found = photographs.at(step)
            torch.testing.assert_close(found.teacher_output, 255 - found.high, rtol=0, atol=0)

    def test_a_teacher_and_its_share_of_the_loss_belong_together(self):
        for recipe, teacher in ((Recipe("abpn", 2, distillation=0.5), None), (Recipe("abpn", 2), Path("teacher.onnx"))):
            with self.assertRaises(SystemExit) as refused:
                train(recipe, Path("data"), Path("run"), teacher=teacher)
            self.assertIn("--teacher", str(refused.exception))


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
