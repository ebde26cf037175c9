import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..data.blur import BRIGHTER, HIGHLIGHT, KINDS, MARGIN, SIDE, WHITE, bank, blurred, defocus, diffraction, gaussian, halved, motion
from ..data.crops import ORIENTATIONS, oriented
from ..data.noise import CLEAN, STRONGEST, drawn
from ..data.planar import Planes, folded, planes_of, unfolded
from ..data.restoration import Restorable, RestorationCrops
from ..measure.metrics import ssim
from ..measure.planar_runtime import PlanarSession
from ..networks.attention import FORMS
from ..networks.lpienet import Lpienet, SmallLpienet
from ..networks.graph import float_model
from ..train.checkpoint import averaged_network
from ..train.loop import train
from ..train.losses import restoration, similarity
from ..train.recipe import Recipe
from ..train.tensors import infer
from . import fixtures


def network(attention: str = "local", small: bool = True) -> Lpienet:
    """A network whose result depends on all that it sees."""
    torch.manual_seed(3)
    made = (SmallLpienet if small else Lpienet)(attention=attention)
    with torch.no_grad():
        made.tail.direct.mul_(20)
    return made.eval()


class PlanarPictures(unittest.TestCase):
    def test_planes_are_those_of_bt601_and_bt709_in_limited_range(self):
        colours = {(255, 255, 255): ((235, 128, 128), (235, 128, 128)), (0, 0, 0): ((16, 128, 128), (16, 128, 128)), (255, 0, 0): ((81, 90, 240), (63, 102, 240)), (0, 0, 255): ((41, 240, 110), (32, 240, 118))}
        for rgb, expected in colours.items():
            image = Image.new("RGB", (5, 3), rgb)
            for matrix, levels in zip(("bt601", "bt709"), expected):
                found = planes_of(image, matrix)
                self.assertEqual([plane.shape for plane in found.each()], [(2, 4), (1, 2), (1, 2)])
                self.assertEqual(tuple(int(plane[0, 0]) for plane in found.each()), levels)

    def test_a_folded_picture_unfolds_to_the_same_planes(self):
        given = fixtures.planes(12, 20)
        found = folded(given)
        np.testing.assert_array_equal(found[1], given.y[0::2, 1::2])
        for ours, theirs in zip(unfolded(found).each(), given.each()):
            np.testing.assert_array_equal(ours, theirs)


class Degradations(unittest.TestCase):
    def test_crops_are_pieces_in_eight_orientations_with_their_luma_turned_alike(self):
        given = fixtures.planes(40, 48)
        crops = RestorationCrops([Restorable(folded(given), folded(given))], "denoise", 32, 64, seed=1)
        found = crops.at(0).high.numpy()
        pieces = {}
        for orientation in range(ORIENTATIONS):
            y, u = (oriented(plane[None], orientation)[0] for plane in (given.y, given.u))
            for top in range(0, y.shape[0] - 31, 2):
                for left in range(0, y.shape[1] - 31, 2):
                    pieces[y[top : top + 32, left : left + 32].tobytes()] = (orientation, u[top // 2 : top // 2 + 16, left // 2 : left // 2 + 16])
        seen = set()
        for crop in found:
            orientation, chroma = pieces[unfolded(crop).y.tobytes()]
            np.testing.assert_array_equal(crop[4], chroma)
            seen.add(orientation)
        self.assertEqual(seen, set(range(ORIENTATIONS)))

    def test_noise_has_the_strength_drawn_and_some_crops_have_none(self):
        grey = np.full((6, 64, 64), 128, np.uint8)
        crops = RestorationCrops([Restorable(grey, grey)], "denoise", 64, 48, seed=2)
        plan, batch = crops.plan(0), crops.at(0)
        difference = batch.low.float() - batch.high.float()
        luma, chroma, gain = plan.noise.T
        # Where it is cut off at 0 and 255, there is less of it.
        for measured, sigma in ((difference[:, :4].std((1, 2, 3)), (luma**2 + 128 * gain).sqrt()), (difference[:, 4:].std((1, 2, 3)), (chroma**2 + 128 * gain).sqrt())):
            torch.testing.assert_close(measured, sigma, rtol=0.08, atol=0.35)
        clean = (difference == 0).all(3).all(2).all(1)
        self.assertGreater(int(clean.sum()), 0)
        strengths = drawn(np.random.default_rng(1), 4000, STRONGEST, True)
        self.assertAlmostEqual(float((strengths.sum(1) == 0).mean()), CLEAN, delta=0.02)
        self.assertGreater(float((strengths[:, 2] > 0).mean()), 0.1)

    def test_kernels_sum_to_one_and_lie_around_their_middle(self):
        kernels, cut = bank(16, 1)
        across = torch.arange(SIDE) - SIDE // 2
        for kernel in [*kernels, *map(torch.from_numpy, (gaussian(2), motion(9, 45), defocus(3), diffraction(1.5, 20)))]:
            self.assertAlmostEqual(float(kernel.sum()), 1, places=4)
            self.assertLess(abs(float((kernel * across).sum())) + abs(float((kernel * across[:, None]).sum())), 0.2)
        self.assertEqual(int(cut.sum()), 16 // len(KINDS))

    def test_blur_keeps_what_is_even_shrinks_by_its_margin_and_cuts_off_highlights(self):
        kernels = torch.from_numpy(np.stack([gaussian(1.5), gaussian(1.5)]))
        crops = torch.full((2, 6, 40, 40), 90.0)
        crops[:, :4, 18:20, 18:20] = WHITE
        found = blurred(crops, kernels, halved(kernels), torch.tensor([0.0, 1.0]))
        self.assertEqual(found.shape[2:], (40 - 2 * MARGIN,) * 2)
        torch.testing.assert_close(found[:, 4:], torch.full_like(found[:, 4:], 90.0))
        self.assertAlmostEqual(float(found[0, 0, 0, 0]), 90, places=3)
        # The lamp is BRIGHTER than its level says, so its halo is, too.
        self.assertGreater(float(found[1, :4].sum()), float(found[0, :4].sum()) + (WHITE - HIGHLIGHT) * (BRIGHTER - 1))
        self.assertLessEqual(float(found[1].max()), WHITE)


class Losses(unittest.TestCase):
    def test_similarity_is_the_ssim_that_pictures_are_measured_by(self):
        one, other = (fixtures.picture(1, 40, 48, seed)[0].astype(np.float64) for seed in (1, 2))
        mixed = 0.7 * one + 0.3 * other
        found = similarity(*(torch.from_numpy(plane / 255).float()[None, None] for plane in (one, mixed)))
        self.assertAlmostEqual(float(found), ssim(one, mixed), places=4)

    def test_the_loss_is_nothing_for_the_truth_and_beta_weighs_gradients(self):
        truth = torch.rand(2, 6, 16, 16)
        self.assertLess(float(restoration(1, 1)(truth, truth)), 1e-5)
        ramp = truth + torch.linspace(0, 0.1, 16)
        with_gradients, without = (float(restoration(1, beta)(ramp, truth)) for beta in (1, 0))
        self.assertGreater(with_gradients, without)


class Networks(unittest.TestCase):
    def test_the_graph_gives_what_the_network_gives_in_each_form(self):
        given = fixtures.planes(24, 32)
        for attention in FORMS:
            made = network(attention)
            found = PlanarSession(float_model(made, {"family": made.family}))(given)
            expected = unfolded(infer(made, folded(given)))
            for ours, theirs in zip(found.each(), expected.each()):
                self.assertLessEqual(int(np.abs(ours.astype(int) - theirs.astype(int)).max()), 1)

    def test_a_result_depends_on_its_halo_and_on_all_of_the_picture_where_attention_is_global(self):
        for attention in FORMS:
            made = network(attention)
            picture = torch.rand(1, 6, 160, 8, requires_grad=True)
            # In luma pixels 160 rows of the folded picture are 320; the row looked at is 40, luma rows 80 and 81.
            made(picture)[0, :, 40].sum().backward()
            rows = torch.nonzero(picture.grad[0].abs().sum((0, 2)))
            reached = max(2 * int(rows.max()) + 1 - 81, 80 - 2 * int(rows.min()))
            if attention == "global":
                self.assertEqual((made.halo, int(rows.max())), (0, 159))
            else:
                self.assertLessEqual(reached, made.halo)
                self.assertGreater(reached, made.halo / 2)

    def test_a_tile_with_its_halo_gives_what_the_whole_picture_gives(self):
        given, made = fixtures.planes(320, 16), network()
        session = PlanarSession(float_model(made, {"family": made.family}))
        whole, halo = session(given), made.halo
        tile = Planes(*(plane[(120 - halo) // part : (168 + halo) // part] for plane, part in zip(given.each(), (1, 2, 2))))
        for ours, theirs, part in zip(session(tile).each(), whole.each(), (1, 2, 2)):
            np.testing.assert_array_equal(ours[halo // part : (halo + 48) // part], theirs[120 // part : 168 // part])

    def test_sides_that_are_no_multiples_are_padded_and_cut_off(self):
        given = fixtures.planes(20, 28)
        found = PlanarSession(float_model(network(), {"family": "lpienet-small"}))(given)
        self.assertEqual([plane.shape for plane in found.each()], [plane.shape for plane in given.each()])

    def test_it_restores_at_its_size_from_its_own_channels_only(self):
        for settings in ({"scale": 2}, {"channels": 1}, {"attention": "none"}):
            with self.assertRaises(SystemExit):
                Lpienet(**settings)


class Runs(unittest.TestCase):
    def test_a_run_goes_on_from_where_it_stopped_and_says_its_gains(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            root = Path(folder)
            for part in ("train", "val", "val2"):
                (root / part).mkdir()
                rgb = fixtures.picture(3, 176, 192).transpose(1, 2, 0)
                Image.fromarray(rgb).save(root / part / "0.png")
            for task in ("denoise", "deblur"):
                recipe = Recipe("lpienet-small", 1, task=task, loss="restoration", steps=4, batch=2, patch=16, sizes=(1.0,), lossy_sizes=(), compressed=0.0, float32_from=0.0)
                train(recipe, root, root / f"{task}-whole")
                with self.assertRaises(KeyboardInterrupt):
                    train(recipe, root, root / f"{task}-halves", validate_every=_interrupting(2))
                train(recipe, root, root / f"{task}-halves")
                whole, halves = (averaged_network(root / f"{task}-{name}")[1] for name in ("whole", "halves"))
                for one, other in zip(whole.parameters(), halves.parameters()):
                    torch.testing.assert_close(one, other, rtol=0, atol=0)
                last = json.loads((root / f"{task}-whole" / "log.jsonl").read_text().splitlines()[-1])
                self.assertAlmostEqual(last["gain_db"], (last["val_gain_db"] + last["val2_gain_db"]) / 2, delta=1e-4)
                self.assertLessEqual({"val_gain_uv_db", "val2_gain_ssim"}, set(last))

    def test_family_and_task_belong_together(self):
        for recipe in (Recipe("lpienet", 1), Recipe("abpn", 2, task="denoise")):
            with self.assertRaisesRegex(SystemExit, "--task"):
                train(recipe, Path("none"), Path("none"))


class _interrupting(int):
    """A number of steps between validations, after the first of which the run is interrupted."""

    def __rmod__(self, step: int) -> int:
        if step > int(self):
            raise KeyboardInterrupt
        return step % int(self)


if __name__ == "__main__":
    unittest.main()
