import unittest

import numpy as np
import onnx

from ..measure.runtime import Session
from ..networks.graph import float_model
from ..quantise.calibrate import calibrate
from ..quantise.fidelity import Refused, compare, layer_report, require_fidelity
from ..quantise.qdq import quantise
from . import fixtures


class Fidelity(unittest.TestCase):
    def test_a_faithful_model_passes(self):
        floats, quantised = fixtures.models()
        pairs = _truth_of(floats)
        require_fidelity("faithful", compare(floats, floats, pairs, 3), layer_report(floats, quantised, pairs))

    def test_a_darkened_model_is_refused_with_figures_and_remedy(self):
        floats, quantised = fixtures.models()
        pairs = _truth_of(floats)
        dark = fixtures.with_constant(quantised, "conv6.bias", lambda bias: bias - abs(bias).max() - 20_000)
        with self.assertRaisesRegex(Refused, r"dark is not written.*levels \(limit 0\.3\).*dB \(limit 0\.15\).*qat"):
            require_fidelity("dark", compare(floats, dark, pairs, 3), layer_report(floats, dark, pairs))

    def test_ranges_that_cut_off_are_refused(self):
        network = fixtures.network()
        floats = float_model(network, fixtures.shape(network))
        ranges = {name: (low / 8, high / 8) for name, (low, high) in calibrate(floats, [fixtures.picture(1, 48, 48)]).items()}
        cut, pairs = quantise(floats, ranges), _truth_of(floats)
        layers = layer_report(floats, cut, pairs)
        self.assertGreater(max(layer["saturated"] for layer in layers), 0.01)
        with self.assertRaises(Refused):
            require_fidelity("cut", compare(floats, cut, pairs, 3), layers)


def _truth_of(floats: onnx.ModelProto):
    """Pictures on which the float network is good: its own output, with noise of one level."""
    session, random = Session(floats), np.random.default_rng(1)
    noisy = lambda picture: np.clip(picture + random.normal(0, 1, picture.shape), 0, 255).astype(np.uint8)
    return [type(pair)(pair.low, noisy(session(pair.low))) for pair in fixtures.pairs(3)]


if __name__ == "__main__":
    unittest.main()
