import contextlib
import io
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..data.any_scale import AnyScale
from ..data.pictures import resized
from ..data.places import nearest_and_places
from ..measure.pcsr import ALL_HEAVY, ALL_LIGHT, HEADS, Bundle, adaptive, bilinear, refined
from ..measure.real_scales import Found, pictures, reduced
from ..networks.pcsr import Pcsr, Shape
from ..quantise.fidelity import Refused
from ..quantise.pcsr import quantised_bundle
from ..ship import pcsr as shipping
from ..ship.manifest import read
from ..train.grids import grid
from ..train.pcsr import PcsrRecipe, averaged_pcsr, train_pcsr
from . import fixtures

SHAPE = Shape(body=(16, 16), light=(16,), heavy=(16, 16))


def network() -> Pcsr:
    """A network whose heads and decisions depend on features and places."""
    torch.manual_seed(4)
    made = Pcsr(SHAPE).eval()
    with torch.no_grad():
        for conv in made.convs:
            conv.bias.uniform_(-0.1, 0.1)
        made.decision.copy_(torch.tensor([0.3, -0.2, 0.4, 0.1, -0.4]))
        made.difficulty.direct.mul_(10)
    return made


def luma(height: int, width: int, seed: int = 0) -> np.ndarray:
    return fixtures.picture(1, height, width, seed)[0]


class Places(unittest.TestCase):
    def test_at_whole_scales_each_pixel_is_divided_alike(self):
        for scale in (2, 3, 4):
            nearest, place = nearest_and_places(5, 5 * scale)
            np.testing.assert_array_equal(nearest, np.repeat(np.arange(5), scale))
            np.testing.assert_allclose(place.reshape(5, scale), np.tile([(2 * i + 1) / scale - 1 for i in range(scale)], (5, 1)), atol=1e-6)

    def test_a_middle_between_two_pixels_belongs_to_the_later_one(self):
        nearest, place = nearest_and_places(4, 6)
        np.testing.assert_array_equal(nearest, [0, 1, 1, 2, 3, 3])
        np.testing.assert_allclose(place, [-1 / 3, -1, 1 / 3] * 2, atol=1e-6)

    def test_the_bilinear_base_is_that_of_training(self):
        low = luma(9, 14)
        ours = bilinear(low, (17, 31))
        theirs = torch.nn.functional.interpolate(torch.from_numpy(low).float()[None, None], size=(17, 31), mode="bilinear", align_corners=False)[0, 0]
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


class Bundles(unittest.TestCase):
    def test_the_float_models_do_what_the_network_does(self):
        made, low, size = network(), luma(13, 18), (20, 41)
        parts = Bundle(shipping.float_bundle(made, {"family": "pcsr"})).parts(low, size)
        with torch.no_grad():
            features, where = made.features(torch.from_numpy(low).float()[None, None] / 255), grid(low.shape, size)
            for name in HEADS:
                np.testing.assert_allclose(parts.residuals[name], made.residual(name, features, where)[0] * 255, atol=1e-3)
            np.testing.assert_allclose(parts.probability, torch.sigmoid(made.logit(features, where)[0]), atol=1e-4)

    def test_the_int8_models_stay_near_the_float_ones_and_sum_first_layers_in_whole_numbers(self):
        made, size = network(), (54, 63)
        crops = [fixtures.picture(1, 32, 36, seed) for seed in range(4)]
        models = quantised_bundle(made, {"family": "pcsr"}, crops)
        floats, int8 = Bundle(shipping.float_bundle(made, {"family": "pcsr"})), Bundle(models)
        exact, rounded = (bundle.parts(crops[0][0], size) for bundle in (floats, int8))
        for name in HEADS:
            error, whole = rounded.residuals[name] - exact.residuals[name], exact.residuals[name]
            self.assertLess(np.square(error).mean(), 0.02 * np.square(whole).mean() + 0.1)
        first = int8.first_layers(crops[0][0], size)
        seen = first.activation("heavy", np.arange(54)[:, None], np.arange(63))
        self.assertEqual((seen.dtype, seen.shape), (np.uint8, (54, 63, 16)))
        gain, feature = first.tables["steps"][0, 4], first.features["heavy"].reshape(32, 36, 16)[first.rows[7], first.columns[9]]
        expected = (feature.astype(float) - 128) * gain + first.tables["heavy_row"][7] + first.tables["heavy_column"][9]
        np.testing.assert_allclose(seen[7, 9], np.clip(expected, 0, 255), atol=0.52)
        self.assertEqual(float(first.tables["steps"][0, 7]), 1)

    def test_the_more_costs_weigh_the_fewer_pixels_are_heavy(self):
        parts = Bundle(shipping.float_bundle(network(), {"family": "pcsr"})).parts(luma(24, 30), (36, 45))
        shares = [parts.enlarged(k).heavy.mean() for k in (ALL_HEAVY, -1, 0, 1, ALL_LIGHT)]
        self.assertEqual((shares[0], shares[-1]), (1, 0))
        self.assertEqual(shares, sorted(shares, reverse=True))
        self.assertGreater(shares[1], shares[3])
        heavy = parts.enlarged(0).heavy
        np.testing.assert_array_equal(heavy, parts.probability > 0.5)


class Decisions(unittest.TestCase):
    def test_adaptive_takes_the_upper_of_two_clusters(self):
        probability = np.array([[0.02, 0.03, 0.05], [0.30, 0.34, 0.04]], np.float32)
        np.testing.assert_array_equal(adaptive(probability), [[False, False, False], [True, True, False]])
        self.assertFalse(adaptive(np.full((3, 3), 0.7, np.float32)).any())

    def test_refinement_changes_light_pixels_beside_heavy_ones_and_no_others(self):
        picture = np.random.default_rng(1).uniform(0, 255, (7, 8)).astype(np.float32)
        heavy = np.zeros((7, 8), bool)
        heavy[3, 4] = heavy[1, 1] = True
        changed = refined(picture, heavy) != picture
        expected = np.zeros((7, 8), bool)
        expected[2:5, 3:6] = expected[1:3, 1:3] = True
        expected[3, 4] = expected[1, 1] = False
        np.testing.assert_array_equal(changed, expected)
        self.assertAlmostEqual(float(refined(picture, heavy)[4, 5]), float(picture[3:6, 4:7].mean()), places=3)


class Fidelity(unittest.TestCase):
    def test_an_int8_bundle_of_which_one_head_loses_too_much_at_one_scale_is_refused(self):
        rows = [Found(f"pcsr {precision} {head}", scale, 30.0, 1.0) for precision in ("fp32", "int8") for head in ("all heavy", "all light") for scale in shipping.SCALES]
        shipping.require_fidelity(rows)
        worse = [replace(row, psnr=29.85) if (row.method, row.scale) == ("pcsr int8 all light", 3.0) else row for row in rows]
        with self.assertRaisesRegex(Refused, "all light, its Y-PSNR at x3 falls by 0.15 dB"):
            shipping.require_fidelity(worse)


class Trained(unittest.TestCase):
    """Few steps on made-up pictures, to shipped files."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.data = self.root / "data"
        for name in ("train", "val", "eval/kodak"):
            (self.data / name).mkdir(parents=True)
            for index in range(4):
                Image.fromarray(luma(100, 120, len(name) * 10 + index)).convert("RGB").save(self.data / name / f"{index}.png")
        self.quiet = contextlib.redirect_stdout(io.StringIO())
        self.recipe = PcsrRecipe(steps=4, light_steps=2, peak_rate=1e-3, light_rate=1e-3, batch=2, patch=16, samples=12, sizes=(1.0,), heavy=(16, 16), frames=0.5, float32_from=0.0)

    def test_a_run_goes_on_from_its_checkpoint_as_if_it_had_never_stopped(self):
        with self.quiet:
            train_pcsr(self.recipe, self.data, self.root / "whole", validate_every=2)
            # The checkpoint of step 2 stands where a run ends that was stopped before it wrote the next.
            stopped = self.root / "stopped"
            with self.assertRaises(KeyboardInterrupt), stop_after_a_checkpoint():
                train_pcsr(self.recipe, self.data, stopped, validate_every=2)
            self.assertEqual(averaged_pcsr(stopped)[2], {"stage": "heavy", "step": 2})
            train_pcsr(self.recipe, self.data, stopped, validate_every=2)
        (_, whole, at), (_, again, _) = (averaged_pcsr(self.root / name) for name in ("whole", "stopped"))
        self.assertEqual(at, {"stage": "light", "step": 2})
        for ours, theirs in zip(whole.parameters(), again.parameters()):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
        with self.assertRaisesRegex(SystemExit, "another recipe"):
            train_pcsr(PcsrRecipe(steps=9), self.data, stopped)

    def test_the_second_stage_changes_light_head_and_classifier_alone(self):
        with self.quiet:
            with self.assertRaises(KeyboardInterrupt), stop_after_a_checkpoint(2):
                train_pcsr(self.recipe, self.data, self.root / "run", validate_every=2)
            before = averaged_pcsr(self.root / "run")[1].state_dict()
            train_pcsr(self.recipe, self.data, self.root / "run", validate_every=2)
        after = averaged_pcsr(self.root / "run")[1].state_dict()
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        self.assertTrue(all(name.startswith(("heads.light", "firsts.light", "difficulty", "decision")) for name in changed), changed)
        self.assertIn("decision", changed)
        self.assertTrue(any(name.startswith("heads.light") for name in changed))

    def test_a_run_without_steps_takes_over_the_first_stage_of_another(self):
        with self.quiet:
            train_pcsr(self.recipe, self.data, self.root / "run", validate_every=4)
            train_pcsr(replace(self.recipe, steps=0, light=(32,)), self.data, self.root / "further", base=self.root / "run", validate_every=4)
        before, after = (averaged_pcsr(self.root / name)[1].state_dict() for name in ("run", "further"))
        self.assertEqual(after["heads.light.layers.0.weight"].shape, (1, 32))
        for name in before:
            if name.startswith(("convs", "firsts.heavy", "heads.heavy")):
                torch.testing.assert_close(after[name], before[name], rtol=0, atol=0)

    def test_a_run_becomes_eight_models_a_manifest_and_a_card(self):
        run, out = self.root / "run", self.root / "models"
        with self.quiet:
            train_pcsr(self.recipe, self.data, run, validate_every=4)
            files = shipping.export_pcsr(run, self.data, out, crops=6)
        self.assertEqual([file.name for file in files][-1], "pcsr.md")
        entries = {entry["id"]: entry for entry in read(out)}
        self.assertEqual(set(entries), {f"pcsr-{part}-{precision}" for part in ("backbone", "light", "heavy", "place") for precision in ("fp32", "int8")})
        backbone = entries["pcsr-backbone-int8"]
        self.assertEqual((backbone["family"], backbone["planes"], backbone["halo"], backbone["card"], "scale" in backbone), ("pcsr-backbone", "y", 5, "pcsr.md", False))
        card = (out / "pcsr.md").read_text()
        for sentence in ("any scale from 1 to 4", "| Kodak (24 pictures) | x1.5 | x2 | x2.25 | x3 | x4 |", "| **PCSR** int8 adaptive |", "Backbone and heavy head: 4 steps"):
            self.assertIn(sentence, card)
        with self.quiet:
            further = replace(self.recipe, steps=0, light_steps=1, light_rate=0.0)
            train_pcsr(further, self.data, self.root / "further", start_from=out / "pcsr-backbone-fp32.onnx", validate_every=4)
            shipping.export_pcsr(self.root / "further", self.data, out, crops=6)
        (_, before, _), (_, after, _) = averaged_pcsr(run), averaged_pcsr(self.root / "further")
        for name, value in before.state_dict().items():
            torch.testing.assert_close(after.state_dict()[name], value, rtol=0, atol=1e-6, msg=name)
        self.assertIn("trained for 4 steps to 0.001 and 2 to 0.001", (out / "pcsr.md").read_text())
        deeper = replace(further, body=(32,) * 6)
        with self.quiet:
            train_pcsr(deeper, self.data, self.root / "deeper", start_from=out / "pcsr-backbone-fp32.onnx", validate_every=4)
        grown, plane = averaged_pcsr(self.root / "deeper")[1], torch.rand(1, 1, 24, 24)
        self.assertEqual((grown.halo, after.halo), (7, 5))
        torch.testing.assert_close(grown.features(plane), after.features(plane), rtol=0, atol=1e-6)
        with self.quiet, self.assertRaisesRegex(SystemExit, "cannot pass on"):
            train_pcsr(replace(further, body=(32, 32, 32, 32, 48)), self.data, self.root / "wider", start_from=out / "pcsr-backbone-fp32.onnx")
        (out / "pcsr-place-fp32.onnx").unlink()
        with self.quiet, self.assertRaisesRegex(SystemExit, "four parts"):
            train_pcsr(further, self.data, self.root / "third", start_from=out / "pcsr-backbone-fp32.onnx")

    def test_crops_are_reduced_at_the_true_ratio_as_pillow_does_it(self):
        high = [luma(90, 90, seed) for seed in range(2)]
        crops = AnyScale(high, 20, 12, 2, 0.0, 4.0, 1)
        batch = next(crops.of_scale(2.25, 1))
        self.assertEqual((batch.side, batch.high.shape, batch.low.shape), (45, (2, 12, 12), (2, 1, 20, 20)))
        whole = AnyScale(high, 20, 45, 2, 0.0, 4.0, 1)
        batch = next(whole.of_scale(2.25, 1))
        levels = (batch.high[0] * 255).round().numpy().astype(np.uint8)
        expected = resized(levels[None], (20, 20), Image.BICUBIC)[0]
        self.assertLessEqual(np.abs((batch.low[0, 0] * 255).round().numpy() - expected).max(), 1)
        sides = {crops.at(step).side for step in range(60)}
        self.assertTrue({30, 40, 45, 60, 80} < sides and min(sides) >= 20 and max(sides) == 80, sides)

    def test_a_mosaic_is_four_pictures_in_one_and_cut_so_that_scales_are_whole(self):
        found = pictures(self.data / "val", mosaic=True)
        self.assertEqual([picture.shape for picture in found], [(200, 240)])
        self.assertEqual({scale: reduced(found[0], scale).low.shape for scale in (1.5, 2.25)}, {1.5: (120, 144), 2.25: (80, 96)})


@contextlib.contextmanager
def stop_after_a_checkpoint(count: int = 1):
    """The training is interrupted, as by Ctrl+C, when it goes on after its checkpoint number `count`."""
    from ..train import pcsr

    written, own = [], pcsr.write_atomically

    def write(state: dict, path: Path) -> None:
        own(state, path)
        written.append(path)
        if len(written) == count:
            raise KeyboardInterrupt

    pcsr.write_atomically = write
    try:
        yield
    finally:
        pcsr.write_atomically = own


if __name__ == "__main__":
    unittest.main()
