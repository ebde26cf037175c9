import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F

from ..data.color import BLACK, WEIGHTS
from ..measure.runtime import Session
from ..networks.abpn import Abpn
from ..networks.convolution import CollapsibleConv
from ..networks.cost import cost
from ..networks.families import FAMILIES, STUDIED
from ..networks.graph import float_model, folded_model
from ..networks.onnx_reader import constants_of
from ..networks.xlsr import Xlsr
from ..quantise.calibrate import calibrate_network
from ..train.dead_filters import revive
from ..train.recipe import Recipe, built
from ..train.tensors import infer
from ..train.warm_start import load_onnx_weights
from . import fixtures

NETWORKS = [("abpn", 2, 1), ("abpn", 3, 1), ("abpn", 4, 1), ("abpn", 3, 3), ("xlsr", 2, 1), ("xlsr", 3, 1), ("xlsr", 4, 1), ("xlsr", 3, 3), ("swift", 2, 1), ("swift", 3, 1), ("swift", 4, 1), ("best", 2, 1), ("best", 3, 1), ("best", 4, 1), ("ultra", 2, 1), ("ultra", 3, 1), ("ultra", 4, 1)]
"""(family, scale, channels)"""
STUDIES = [(family.family, 3, 1) for family in STUDIED]


class Networks(unittest.TestCase):
    def test_a_merged_kernel_is_its_linear_block_run_layer_by_layer(self):
        torch.manual_seed(0)
        conv, x = CollapsibleConv(5, 7, expansion=16), torch.randn(2, 5, 9, 11)
        by_layers = F.conv2d(F.conv2d(x, conv.expand, padding=1), conv.project[:, :, None, None]) + F.conv2d(x, conv.direct, conv.bias, padding=1)
        torch.testing.assert_close(conv(x), by_layers, rtol=1e-4, atol=1e-5)

    def test_a_loaded_kernel_is_the_merged_kernel(self):
        conv, kernel, bias = CollapsibleConv(3, 4, expansion=8), torch.randn(4, 3, 3, 3), torch.randn(4)
        conv.load_merged(kernel, bias)
        torch.testing.assert_close(conv.kernel(), kernel, rtol=1e-5, atol=1e-6)

    def test_abpn_rgb_x3_has_the_published_42539_parameters(self):
        self.assertEqual(cost(Abpn(3, 3)), (42_539, 42_345))

    def test_xlsr_rgb_has_the_published_parameters_and_multiplications(self):
        self.assertEqual([cost(Xlsr(scale, 3)) for scale in (2, 3, 4)], [(17_612, 17_296), (21_947, 21_616), (28_016, 27_664)])

    def test_a_folded_network_multiplies_for_a_quarter_of_the_pixels(self):
        weights = 9 * (4 * 48 + 3 * 48 * 48 + 48 * 16)
        self.assertEqual(cost(FAMILIES["swift"](2)), (weights + 4 * 48 + 16, weights // 4))

    def test_a_float_model_holds_as_many_parameters_as_are_told(self):
        for network in (fixtures.network(), fixtures.network(3, 3, "xlsr")):
            tensors = constants_of(float_model(network, fixtures.shape(network)))
            self.assertEqual(sum(value.size for name, value in tensors.items() if name.startswith("conv")), cost(network)[0])

    def test_the_float_model_gives_the_networks_bytes(self):
        for family, scale, channels in (*NETWORKS, *STUDIES):
            for options in ({}, {"clip_inner": 0.4}):
                with self.subTest(family=family, scale=scale, channels=channels, **options):
                    network, low = fixtures.network(scale, channels, family, **options), fixtures.picture(channels, 21, 34)
                    self.assert_same(Session(float_model(network, fixtures.shape(network)))(low), infer(network, low))

    def test_xlsr_as_it_runs_is_xlsr_as_published_at_the_border_too(self):
        for scale, channels in ((2, 1), (3, 1), (4, 1), (3, 3)):
            network = fixtures.network(scale, channels, "xlsr")
            published, folded = (Session(make(network, fixtures.shape(network))) for make in (float_model, folded_model))
            for height, width in ((1, 1), (2, 5), (21, 34)):
                with self.subTest(scale=scale, channels=channels, height=height):
                    low = fixtures.picture(channels, height, width)
                    self.assert_same(published(low), folded(low))

    def test_xlsr_runs_without_grouped_convolutions(self):
        network = fixtures.network(3, 1, "xlsr")
        groups = [[a.i for node in make(network, fixtures.shape(network)).graph.node for a in node.attribute if a.name == "group"] for make in (float_model, folded_model)]
        self.assertEqual(groups, [[4, 4, 4], []])

    def test_xlsr_starts_as_an_enlargement_within_the_clip_and_learns_everywhere(self):
        for scale, channels in ((2, 1), (3, 3)):
            torch.manual_seed(scale)
            network = Xlsr(scale, channels)
            low = torch.from_numpy(fixtures.picture(channels, 40, 40)).float().div(255)[None]
            output, repeated = network(low), low.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
            self.assertLess((output - repeated).abs().mean(), 0.15)
            self.assertLess(((output == 0) | (output == 1)).float().mean(), 0.05)
            (output - repeated).abs().mean().backward()
            for name, parameter in network.named_parameters():
                if parameter.requires_grad:
                    self.assertGreater(parameter.grad.abs().sum(), 0, name)

    def test_a_clipped_output_stays_in_the_picture_s_range_and_a_linear_one_need_not(self):
        for family in ("abpn", "xlsr"):
            outputs = []
            for output in ("clip", "linear"):
                network, low = fixtures.network(2, 1, family, output=output), torch.zeros(1, 1, 8, 8)
                with torch.no_grad():
                    network.convs[-1].bias -= 0.5
                outputs.append(network(low).min().item())
            self.assertEqual(outputs[0], 0)
            self.assertLess(outputs[1], 0)

    def test_a_clipped_relu_keeps_every_tensor_within_its_limit(self):
        for family in ("abpn", "xlsr"):
            network, low = fixtures.network(2, 1, family, clip_inner=0.25), fixtures.picture(1, 30, 30)
            _, ranges = calibrate_network(network, fixtures.shape(network), [low])
            highest = max(high for name, (_, high) in ranges.items() if name.startswith("relu"))
            self.assertAlmostEqual(highest, 0.25, places=5)

    def test_a_float_model_is_its_own_checkpoint(self):
        for family, scale, loaded in (("abpn", 2, 7), ("xlsr", 2, 11), ("abpn", 3, 5), ("xlsr", 3, 10)):
            network = fixtures.network(2, 1, family)
            with tempfile.TemporaryDirectory() as folder:
                onnx.save(float_model(network, fixtures.shape(network)), Path(folder) / "model.onnx")
                again, low = FAMILIES[family](scale, expansion=8), fixtures.picture(1, 20, 20)
                self.assertEqual(load_onnx_weights(again, Path(folder) / "model.onnx"), loaded)
            if scale == 2:
                np.testing.assert_allclose(infer(again, low).astype(int), infer(network, low), atol=1)

    def test_a_shape_without_channels_is_refused(self):
        for shape in ({"trunk": -3}, {"hidden": (16, 0)}, {"hidden": ()}):
            with self.assertRaisesRegex(SystemExit, "one channel or more"):
                FAMILIES["stack"](3, **shape)

    def test_a_larger_network_grows_from_a_smaller_one_of_its_scale(self):
        for scale, hidden in ((3, (28, *[32] * 5)), (4, (28, *[32] * 4, 48))):
            narrow, low = fixtures.network(scale, 1), fixtures.picture(1, 30, 30)
            wide = FAMILIES["stack"](scale, hidden=hidden, first=5, expansion=8)
            with tempfile.TemporaryDirectory() as folder:
                onnx.save(float_model(narrow, fixtures.shape(narrow)), Path(folder) / "model.onnx")
                self.assertEqual(load_onnx_weights(wide, Path(folder) / "model.onnx"), 7)
            np.testing.assert_allclose(infer(wide, low).astype(int), infer(narrow, low), atol=1)
            self.assertGreater(np.abs(wide.convs[1].kernel().detach().numpy()[28:]).max(), 0)

    def test_filters_that_never_fire_are_replaced_and_the_picture_stays(self):
        network, picture = fixtures.network(2, 1), fixtures.picture(1, 40, 40)
        low = torch.from_numpy(picture[None]).float() / 255
        with torch.no_grad():
            for index in (0, 3):
                network.convs[index].bias[4:9] = -100
            before = network(low)
            replaced = revive(network, [picture])
            torch.testing.assert_close(network(low), before, rtol=0, atol=1e-5)
            self.assertGreater(network.convs[0](low)[:, 4:9].amax((0, 2, 3)).min().item(), 0)
        self.assertGreaterEqual(replaced, 10)
        self.assertLessEqual(revive(network, [picture]), replaced - 10)

    def test_an_rgb_network_starts_with_what_a_luma_network_has_learnt(self):
        luma, rgb = fixtures.network(3, 1), Abpn(3, 3, expansion=8)
        picture = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
        weights = torch.from_numpy(WEIGHTS).float().view(1, 3, 1, 1)
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(float_model(luma, fixtures.shape(luma)), Path(folder) / "model.onnx")
            self.assertEqual(load_onnx_weights(rgb, Path(folder) / "model.onnx"), 7)
        with torch.no_grad():
            expected = luma((picture * weights).sum(1, keepdim=True) + BLACK)
            found = (rgb(picture) * weights).sum(1, keepdim=True) + BLACK
        within = np.s_[..., 24:-24, 24:-24]
        torch.testing.assert_close(found[within], expected[within], rtol=0, atol=1e-5)

    def test_a_bias_that_would_be_lost_in_folding_is_refused(self):
        network = fixtures.network(2, 1, "xlsr")
        with torch.no_grad():
            network.published[1].bias += 1
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(float_model(network, fixtures.shape(network)), Path(folder) / "model.onnx")
            with self.assertRaisesRegex(SystemExit, "bias on convolution 1"):
                load_onnx_weights(Xlsr(2, expansion=8), Path(folder) / "model.onnx")

    def test_a_pixel_depends_on_the_halo_and_not_on_more(self):
        for family, scale, reach in (("abpn", 3, 7), ("xlsr", 3, 5), ("swift", 2, 10), ("swift", 3, 5), ("best", 2, 7), ("best", 3, 8), ("ultra", 2, 8)):
            network, low = fixtures.network(scale, 1, family), fixtures.picture(1, 61, 61)
            changed = low.copy()
            changed[0, 30, 30] ^= 128
            rows = np.flatnonzero((infer(network, low) != infer(network, changed)).any(axis=(0, 2)))
            self.assertEqual(network.halo, reach)
            # Pixel 30 is the first of its fold, if there is one: as far as the last one reaches, it reaches.
            self.assertGreaterEqual(rows.min(), (30 - reach) * scale)
            self.assertLess(rows.max(), (30 + network.align + reach) * scale)

    def test_a_picture_whose_sides_do_not_fit_is_as_if_its_edge_went_on(self):
        network, low = fixtures.network(2, 1, "swift"), fixtures.picture(1, 41, 37)
        wider = np.pad(low, ((0, 0), (0, 1), (0, 1)), mode="edge")
        np.testing.assert_array_equal(infer(network, low), infer(network, wider)[:, :82, :74])
        session = Session(float_model(network, fixtures.shape(network)))
        np.testing.assert_array_equal(session(low), session(wider)[:, :82, :74])

    def test_a_stack_has_the_shape_it_is_told_and_other_families_their_own(self):
        network = built(Recipe("stack", 2, hidden=(20, 24), first=5, last=1, fold=2, expansion=0))
        self.assertEqual([tuple(conv.kernel().shape) for conv in network.convs], [(20, 4, 5, 5), (24, 20, 3, 3), (16, 24, 1, 1)])
        for refused in (Recipe("stack", 2, first=4), Recipe("abpn", 2, hidden=(20,)), Recipe("swift", 2, first=5), Recipe("stack", 2, channels=3)):
            with self.assertRaises(SystemExit):
                built(refused)

    def assert_same(self, ours: np.ndarray, theirs: np.ndarray) -> None:
        """Sums in another order may fall on the other side of a half."""
        difference = np.abs(ours.astype(int) - theirs)
        self.assertLessEqual(difference.max(), 1)
        self.assertLess(difference.mean(), 2e-3)


if __name__ == "__main__":
    unittest.main()
