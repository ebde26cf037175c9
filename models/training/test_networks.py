import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F

from . import fixtures
from .graph import float_model
from .networks import Abpn, CollapsibleConv, cost, halo
from .runtime import Session
from .train import infer, load_onnx_weights


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

    def test_the_float_model_gives_the_networks_bytes(self):
        for scale, channels in ((2, 1), (3, 1), (4, 1), (3, 3)):
            with self.subTest(scale=scale, channels=channels):
                network, low = fixtures.network(scale, channels), fixtures.picture(channels, 21, 34)
                ours, theirs = Session(float_model(network, fixtures.shape(network)))(low), infer(network, low)
                # Sums in another order may fall on the other side of a half.
                difference = np.abs(ours.astype(int) - theirs)
                self.assertLessEqual(difference.max(), 1)
                self.assertLess(difference.mean(), 1e-3)

    def test_a_float_model_is_its_own_checkpoint(self):
        network = fixtures.network(2)
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(float_model(network, fixtures.shape(network)), Path(folder) / "model.onnx")
            again, low = Abpn(2, expansion=8), fixtures.picture(1, 20, 20)
            self.assertEqual(load_onnx_weights(again, Path(folder) / "model.onnx"), 7)
        np.testing.assert_allclose(infer(again, low).astype(int), infer(network, low), atol=1)

    def test_a_pixel_depends_on_the_halo_and_not_on_more(self):
        network, low = fixtures.network(3), fixtures.picture(1, 41, 41)
        changed, reach = low.copy(), halo(network)
        changed[0, 20, 20] ^= 128
        rows = np.flatnonzero((infer(network, low) != infer(network, changed)).any(axis=(0, 2)))
        self.assertEqual(reach, 7)
        self.assertGreaterEqual(rows.min(), (20 - reach) * 3)
        self.assertLess(rows.max(), (20 + reach + 1) * 3)


if __name__ == "__main__":
    unittest.main()
