import unittest

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from . import fixtures
from .calibrate import METHODS, calibrate
from .gate import Refused, admit, compare, layer_report
from .graph import constants_of, float_model
from .lower import NotEqual, lower, prove_equal
from .networks import halo
from .qat import QuantisedNetwork, stored_scales
from .quantise import quantise
from .runtime import Session


class Quantised(unittest.TestCase):
    def test_it_follows_the_float_network(self):
        for method in METHODS:
            with self.subTest(method=method):
                floats = fixtures.models()[0]
                crops = [fixtures.picture(1, 48, 48, seed) for seed in range(20, 26)]
                whole, low = quantise(floats, calibrate(floats, crops, method)), fixtures.picture(1, 50, 60, 3)
                self.assertLess(np.abs(Session(floats)(low).astype(int) - Session(whole)(low)).mean(), 2.0)

    def test_each_convolution_is_what_fine_tuning_imitates(self):
        for channels in (1, 3):
            network, low = fixtures.network(3, channels), fixtures.picture(channels, 30, 40)
            whole = fixtures.models(3, channels)[1]
            stored = dict(zip(*_stored(whole, low)))
            imitation = QuantisedNetwork(network, stored_scales(whole, len(network.convs)))
            incoming = torch.from_numpy(low).float().div(255)[None]
            for index, conv in enumerate(imitation.network.convs):
                name = f"relu{index}.bytes" if index < 6 else "conv6.bytes"
                with torch.no_grad():
                    imitated = (conv(incoming) / float(conv.scale.step)).round().numpy() + conv.scale.zero
                # Layer by layer from the same bytes: a sum that falls on a half may go either way, and would travel on.
                difference = np.abs(imitated - stored[name])
                self.assertLessEqual(difference.max(), 1)
                self.assertLess(difference.mean(), 2e-3)
                incoming = torch.from_numpy(stored[name].astype(np.float32) - conv.scale.zero) * float(conv.scale.step)

    def test_a_tile_with_its_halo_gives_the_bytes_of_the_whole_picture(self):
        session, low = Session(lower(fixtures.models()[1])), fixtures.picture(1, 61, 73)
        whole, reach = session(low), halo(fixtures.network())
        for top, bottom, left, right in ((0, 20, 0, 20), (20, 41, 25, 50), (40, 61, 60, 73), (30, 31, 40, 41)):
            y, x = max(top - reach, 0), max(left - reach, 0)
            tile = session(low[:, y : bottom + reach, x : right + reach])
            inner = tile[:, (top - y) * 3 : (bottom - y) * 3, (left - x) * 3 : (right - x) * 3]
            np.testing.assert_array_equal(inner, whole[:, top * 3 : bottom * 3, left * 3 : right * 3])

    def test_a_smaller_halo_would_not_do(self):
        session, low = Session(lower(fixtures.models()[1])), fixtures.picture(1, 61, 73)
        reach = halo(fixtures.network()) - 1
        tile = session(low[:, 20 - reach : 41 + reach, 25 - reach : 50 + reach])[:, reach * 3 : -reach * 3, reach * 3 : -reach * 3]
        self.assertFalse(np.array_equal(tile, session(low)[:, 60:123, 75:150]))


class Lowered(unittest.TestCase):
    def test_it_gives_the_same_bytes(self):
        for scale, channels in ((2, 1), (3, 1), (4, 1), (3, 3)):
            with self.subTest(scale=scale, channels=channels):
                whole = fixtures.models(scale, channels)[1]
                for multiple in (4, 8):
                    prove_equal(whole, lower(whole, multiple))

    def test_grouped_convolutions_become_dense_and_give_the_same_bytes(self):
        whole = fixtures.grouped_model()[1]
        lowered = lower(whole)
        prove_equal(whole, lowered)
        groups = [attribute.i for node in lowered.graph.node for attribute in node.attribute if attribute.name == "group"]
        self.assertEqual(set(groups), {1})

    def test_every_convolution_has_the_shape_of_the_fast_kernel(self):
        for whole in (fixtures.models(3, 1)[1], fixtures.models(4, 3)[1], fixtures.grouped_model()[1]):
            constants = constants_of(lower(whole))
            kernels = [value for name, value in constants.items() if name.endswith(".weight")]
            self.assertTrue(all(kernel.shape[0] >= 16 and kernel.shape[0] % 4 == 0 and kernel.shape[1] % 4 == 0 for kernel in kernels))

    def test_lowering_twice_changes_nothing(self):
        lowered = lower(fixtures.models()[1])
        self.assertEqual(lower(lowered).SerializeToString(), lowered.SerializeToString())

    def test_a_model_that_differs_is_refused(self):
        whole = fixtures.models()[1]
        with self.assertRaisesRegex(NotEqual, "differs from the original in"):
            prove_equal(whole, _with_constant(whole, "conv6.bias", lambda bias: bias + 4000))


class Gate(unittest.TestCase):
    def test_a_faithful_model_passes(self):
        floats, whole = fixtures.models()
        pairs = _truth_of(floats)
        admit("faithful", compare(floats, floats, pairs, 3), layer_report(floats, whole, pairs))

    def test_a_darkened_model_is_refused_with_figures_and_remedy(self):
        floats, whole = fixtures.models()
        pairs = _truth_of(floats)
        dark = _with_constant(whole, "conv6.bias", lambda bias: bias - abs(bias).max() - 20_000)
        with self.assertRaisesRegex(Refused, r"dark is not written.*levels \(limit 0\.3\).*dB \(limit 0\.15\).*qat"):
            admit("dark", compare(floats, dark, pairs, 3), layer_report(floats, dark, pairs))

    def test_ranges_that_cut_off_are_refused(self):
        network = fixtures.network()
        floats = float_model(network, fixtures.shape(network))
        ranges = {name: (low / 8, high / 8) for name, (low, high) in calibrate(floats, [fixtures.picture(1, 48, 48)]).items()}
        cut, pairs = quantise(floats, ranges), _truth_of(floats)
        layers = layer_report(floats, cut, pairs)
        self.assertGreater(max(layer["saturated"] for layer in layers), 0.01)
        with self.assertRaises(Refused):
            admit("cut", compare(floats, cut, pairs, 3), layers)


def _stored(whole: onnx.ModelProto, low: np.ndarray) -> tuple[list[str], list[np.ndarray]]:
    """Names and values of everything an int8 model stores on the way."""
    observed = onnx.ModelProto()
    observed.CopyFrom(whole)
    for node in whole.graph.node:
        if node.op_type == "QuantizeLinear":
            observed.graph.output.append(onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.UINT8, None))
    session = Session(observed)
    return session.outputs, session.run(low[None])


def _with_constant(model: onnx.ModelProto, name: str, change) -> onnx.ModelProto:
    broken = onnx.ModelProto()
    broken.CopyFrom(model)
    tensor = next(t for t in broken.graph.initializer if t.name == name)
    value = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(change(value).astype(value.dtype), name))
    return broken


def _truth_of(floats: onnx.ModelProto):
    """Pictures on which the float network is good: its own output, with noise of one level."""
    session, random = Session(floats), np.random.default_rng(1)
    noisy = lambda picture: np.clip(picture + random.normal(0, 1, picture.shape), 0, 255).astype(np.uint8)
    return [type(pair)(pair.low, noisy(session(pair.low))) for pair in fixtures.pairs(3)]


if __name__ == "__main__":
    unittest.main()
