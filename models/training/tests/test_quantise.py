import unittest

import numpy as np
import onnx
import torch

from ..measure.runtime import Session, observing
from ..networks.graph import float_model
from ..networks.onnx_reader import constants_of, trunk_of
from ..quantise.calibrate import METHODS, calibrate_network
from ..quantise.gptq import rounded_to_steps, with_kernels_rounded
from ..quantise.lower import lower
from ..quantise.ptq import with_biases_corrected
from ..quantise.qat import QuantisedNetwork, stored_scales
from ..quantise.qdq import quantise
from ..quantise.trunk_ranges import search_trunk_ranges
from . import fixtures


class Quantised(unittest.TestCase):
    def test_it_follows_the_float_network(self):
        # Made up, these XLSRs carry the picture in one channel among larger ones, at some levels a step.
        for family, most in (("abpn", 2.0), ("xlsr", 4.0)):
            for method in METHODS:
                with self.subTest(family=family, method=method):
                    network = fixtures.network(family=family)
                    facts, crops = fixtures.shape(network), [fixtures.picture(1, 48, 48, seed) for seed in range(20, 26)]
                    floats, quantised = float_model(network, facts), quantise(*calibrate_network(network, facts, crops, method))
                    low = fixtures.picture(1, 50, 60, 3)
                    difference = Session(floats)(low).astype(int) - Session(quantised)(low)
                    self.assertLess(np.abs(difference).mean(), most)
                    self.assertLess(abs(difference.mean()), 1.0)

    def test_each_convolution_is_what_fine_tuning_imitates(self):
        kinds = [(channels, {"family": family}) for family in ("abpn", "xlsr") for channels in (1, 3)]
        for channels, kind in (*kinds, (1, fixtures.TRUNK)):
            with self.subTest(channels=channels, **kind):
                network, low = fixtures.network(3, channels, **kind), fixtures.picture(channels, 30, 40)
                facts = fixtures.shape(network)
                quantised = quantise(*calibrate_network(network, facts, [low]))
                imitation = QuantisedNetwork(network, stored_scales(quantised))
                for name, conv, incoming, stored in _steps(quantised, imitation, low):
                    with torch.no_grad():
                        imitated = (conv(incoming) / float(conv.scale.step)).round().numpy() + conv.scale.zero
                    # Layer by layer from the same bytes: a sum that falls on a half may go either way, and would travel on.
                    difference = np.abs(imitated - stored)
                    self.assertLessEqual(difference.max(), 1, name)
                    self.assertLess(difference.mean(), 2e-3, name)

    def test_corrected_biases_bring_the_brightness_back(self):
        for kind in fixtures.KINDS:
            network, crops = fixtures.network(**kind), [fixtures.picture(1, 48, 48, seed) for seed in range(20, 26)]
            facts = fixtures.shape(network)
            folded, ranges = calibrate_network(network, facts, crops)
            plain = quantise(folded, ranges)
            corrected = with_biases_corrected(plain, folded, crops)
            before, after = (abs(_mean(quantised, crops) - _mean(folded, crops)) for quantised in (plain, corrected))
            self.assertLess(after, 0.15)
            self.assertGreater(before, after)

    def test_kernels_rounded_as_a_whole_come_nearer_than_weight_by_weight(self):
        for family in ("abpn", "xlsr"):
            network, crops = fixtures.network(family=family), [fixtures.picture(1, 48, 48, seed) for seed in range(20, 26)]
            folded, ranges = calibrate_network(network, fixtures.shape(network), crops)
            nearest = quantise(folded, ranges)
            rounded = with_kernels_rounded(nearest, folded, crops)
            kernels = [{name: values for name, values in constants_of(quantised).items() if values.ndim == 4} for quantised in (nearest, rounded)]
            self.assertEqual({name: values.dtype for name, values in kernels[0].items()}, {name: values.dtype for name, values in kernels[1].items()})
            # The first one reads the same bytes either way: what it was rounded for is what it gives.
            exact, *given = (_observed(model, "conv0", crops) for model in (folded, nearest, rounded))
            before, after = (np.square(each - exact).sum() for each in given)
            self.assertLess(after, 0.8 * before, family)

    def test_what_a_trunk_adds_up_is_stored_in_steps_of_one_size(self):
        quantised, low = fixtures.models(**fixtures.TRUNK)[1], fixtures.picture(1, 40, 50)
        scales, stored = stored_scales(quantised), dict(zip(*_stored(quantised, low)))
        trunk = ["conv0", *(f"conv{2 * block + 2}" for block in range(3)), *(f"trunk{block}" for block in range(3))]
        self.assertEqual(len({float(scales[name].step) for name in trunk}), 1)
        levels = {name: stored[f"{name}.bytes"].astype(int) - scales[name].zero for name in trunk}
        for block in range(3):
            total = levels["conv0" if block == 0 else f"trunk{block - 1}"] + levels[f"conv{2 * block + 2}"]
            np.testing.assert_array_equal(levels[f"trunk{block}"], np.clip(total, -scales[f"trunk{block}"].zero, 255 - scales[f"trunk{block}"].zero))

    def test_a_trunk_s_range_is_cut_where_that_brings_the_picture_nearer(self):
        network, crops = fixtures.network(**fixtures.TRUNK), [fixtures.picture(1, 48, 48, seed) for seed in range(4)]
        folded, ranges = calibrate_network(network, fixtures.shape(network), crops)
        trunk = trunk_of(folded)
        self.assertEqual(len(trunk), 7)
        wide = {name: (8 * low, 8 * high) if name in trunk else (low, high) for name, (low, high) in ranges.items()}
        cut = search_trunk_ranges(folded, wide, crops)
        self.assertEqual({name: seen for name, seen in cut.items() if name not in trunk}, {name: seen for name, seen in wide.items() if name not in trunk})
        off = [np.mean([np.abs(Session(quantise(folded, each))(crop).astype(int) - Session(folded)(crop)).mean() for crop in crops]) for each in (wide, cut)]
        self.assertLess(off[1], 0.8 * off[0])
        chain = calibrate_network(fixtures.network(), fixtures.shape(fixtures.network()), crops)
        self.assertIs(search_trunk_ranges(*chain, crops), chain[1])

    def test_inputs_that_have_nothing_to_do_with_each_other_are_rounded_weight_by_weight(self):
        random = np.random.default_rng(0)
        weights = random.normal(0, 90, (5, 12))
        np.testing.assert_array_equal(rounded_to_steps(weights, np.diag(random.uniform(0.1, 9, 12))), np.clip(np.rint(weights), -127, 127))
        self.assertTrue(np.isfinite(rounded_to_steps(weights, np.zeros((12, 12)))).all())

    def test_the_side_branch_of_xlsr_uses_the_scale_it_shares_and_never_leaves_it(self):
        network = fixtures.network(3, 1, "xlsr")
        facts = fixtures.shape(network)
        folded, ranges = calibrate_network(network, facts, [fixtures.picture(1, 48, 48)])
        quantised = quantise(folded, ranges)
        scales = stored_scales(quantised)
        self.assertEqual(scales["conv3"], scales["conv4"])
        reach = 255 * float(scales["conv4"].step)
        self.assertAlmostEqual(reach, ranges["relu3"][1], places=5)
        random = np.random.default_rng(0)
        extremes = torch.from_numpy(random.integers(0, 2, (8, 1, 40, 40)).astype(np.float32))
        side = network.convs[4](extremes).detach()
        self.assertGreaterEqual(side.min(), -1e-5)
        self.assertLessEqual(side.max(), reach + 1e-4)
        self.assertGreater(side.max() - side.min(), 0.9 * reach)

    def test_a_clipped_relu_is_stored_in_no_more_than_its_limit(self):
        for kind in fixtures.KINDS:
            floats, quantised = fixtures.models(**kind, clip_inner=0.3)
            constants = constants_of(quantised)
            first = next(name for name in constants if name.startswith("relu") and name.endswith(".scale"))
            self.assertAlmostEqual(255 * float(constants[first]), 0.3, places=5)
            low = fixtures.picture(1, 50, 60, 3)
            self.assertLess(np.abs(Session(floats)(low).astype(int) - Session(quantised)(low)).mean(), 2.0)

    def test_a_tile_with_its_halo_gives_the_bytes_of_the_whole_picture(self):
        for kind in fixtures.KINDS:
            self._assert_tiles(Session(lower(fixtures.models(**kind)[1])), fixtures.network(**kind).halo)

    def _assert_tiles(self, session, reach):
        low = fixtures.picture(1, 61, 73)
        whole = session(low)
        for top, bottom, left, right in ((0, 20, 0, 20), (20, 41, 25, 50), (40, 61, 60, 73), (30, 31, 40, 41)):
            y, x = max(top - reach, 0), max(left - reach, 0)
            tile = session(low[:, y : bottom + reach, x : right + reach])
            inner = tile[:, (top - y) * 3 : (bottom - y) * 3, (left - x) * 3 : (right - x) * 3]
            np.testing.assert_array_equal(inner, whole[:, top * 3 : bottom * 3, left * 3 : right * 3])

    def test_a_smaller_halo_would_not_do(self):
        for kind in fixtures.KINDS:
            session, low = Session(lower(fixtures.models(**kind)[1])), fixtures.picture(1, 61, 73)
            reach = fixtures.network(**kind).halo - 1
            tile = session(low[:, 20 - reach : 41 + reach, 25 - reach : 50 + reach])[:, reach * 3 : -reach * 3, reach * 3 : -reach * 3]
            self.assertFalse(np.array_equal(tile, session(low)[:, 60:123, 75:150]))


def _stored(quantised: onnx.ModelProto, low: np.ndarray) -> tuple[list[str], list[np.ndarray]]:
    """Names and values of everything an int8 model stores on the way."""
    observed = onnx.ModelProto()
    observed.CopyFrom(quantised)
    for node in quantised.graph.node:
        if node.op_type == "QuantizeLinear":
            observed.graph.output.append(onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.UINT8, None))
    session = Session(observed)
    return session.outputs, session.observe(low)


def _observed(model: onnx.ModelProto, tensor: str, crops: list[np.ndarray]) -> np.ndarray:
    session = observing(model, tensor)
    return np.stack([session.observe(crop)[1] for crop in crops])


def _mean(model: onnx.ModelProto, crops: list[np.ndarray]) -> float:
    session = Session(model)
    return float(np.mean([session(crop) for crop in crops]))


def _steps(quantised: onnx.ModelProto, imitation: QuantisedNetwork, low: np.ndarray):
    """Name, convolution, its input and its stored result, for each convolution of an int8 model in turn."""
    stored = dict(zip(*_stored(quantised, low)))
    values = {"input": torch.from_numpy(low).float().div(255)[None]}
    convs = [node for node in quantised.graph.node if node.op_type == "Conv"]
    for node, conv in zip(convs, imitation.network.convs, strict=True):
        index = int(node.output[0].removeprefix("conv"))
        name = f"relu{index}.bytes" if f"relu{index}.bytes" in stored else f"conv{index}.bytes"
        source = node.input[0].removesuffix(".value")
        if source.startswith("trunk"):
            sums = imitation.network.sums[int(source.removeprefix("trunk").removesuffix(".bytes"))]
            values[source] = torch.from_numpy(stored[source].astype(np.float32) - sums.scale.zero) * float(sums.scale.step)
        if source == "joined.bytes":
            values[source] = torch.cat([values["relu3.bytes"], values["relu4.bytes"]], 1)
        yield name, conv, values[source], stored[name]
        values[name] = torch.from_numpy(stored[name].astype(np.float32) - conv.scale.zero) * float(conv.scale.step)


if __name__ == "__main__":
    unittest.main()
