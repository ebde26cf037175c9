import unittest

import numpy as np

from ..networks.families import FAMILIES
from ..networks.onnx_reader import constants_of
from ..networks.stack import Stack
from ..quantise.lower import NotEqual, lower, prove_equal
from . import fixtures


class Lowered(unittest.TestCase):
    def test_it_gives_the_same_bytes(self):
        for family, scale, channels in ((family, *shape) for family in FAMILIES for shape in ((2, 1), (3, 1), (4, 1), (3, 3))):
            if getattr(FAMILIES[family], "restores", False) or (channels == 3 and issubclass(FAMILIES[family], Stack)):
                continue  # planes of 4:2:0, or luma only
            with self.subTest(family=family, scale=scale, channels=channels):
                quantised = fixtures.models(scale, channels, family)[1]
                for multiple in (4, 8):
                    prove_equal(quantised, lower(quantised, multiple))
        trunk = fixtures.models(**fixtures.TRUNK)[1]
        prove_equal(trunk, lower(trunk))

    def test_grouped_convolutions_become_dense_and_give_the_same_bytes(self):
        quantised = fixtures.grouped_model()[1]
        lowered = lower(quantised)
        prove_equal(quantised, lowered)
        groups = [attribute.i for node in lowered.graph.node for attribute in node.attribute if attribute.name == "group"]
        self.assertEqual(set(groups), {1})

    def test_depthwise_convolutions_of_a_multiple_of_16_stay(self):
        for channels, groups in ((32, 32), (12, 1)):
            with self.subTest(channels=channels):
                quantised = fixtures.depthwise_model(channels)[1]
                lowered = lower(quantised)
                prove_equal(quantised, lowered)
                depthwise = next(node for node in lowered.graph.node if node.name == "depthwise")
                self.assertEqual([attribute.i for attribute in depthwise.attribute if attribute.name == "group"], [groups])

    def test_every_convolution_has_the_shape_of_the_fast_kernel(self):
        for quantised in (fixtures.models(3, 1)[1], fixtures.models(4, 3)[1], fixtures.models(3, 1, "xlsr")[1], fixtures.grouped_model()[1]):
            constants = constants_of(lower(quantised))
            kernels = [value for name, value in constants.items() if name.endswith(".weight")]
            self.assertTrue(all(kernel.shape[0] >= 16 and kernel.shape[0] % 4 == 0 and kernel.shape[1] % 4 == 0 for kernel in kernels))

    def test_a_5x5_kernel_on_one_plane_becomes_3x3_on_four_and_gives_the_same_bytes(self):
        quantised = fixtures.models(3, 1, "best")[1]
        lowered = lower(quantised)
        before, after = (constants_of(model)["conv0.weight"] for model in (quantised, lowered))
        self.assertEqual((before.shape, after.shape), ((28, 1, 5, 5), (28, 4, 3, 3)))
        self.assertEqual(np.sort(before.reshape(28, -1)).tolist(), [_without_zeros(row, 25) for row in after])
        prove_equal(quantised, lowered)
        self.assertEqual(lower(lowered).SerializeToString(), lowered.SerializeToString())

    def test_lowering_twice_changes_nothing(self):
        lowered = lower(fixtures.models()[1])
        self.assertEqual(lower(lowered).SerializeToString(), lowered.SerializeToString())

    def test_a_model_that_differs_is_refused(self):
        quantised = fixtures.models()[1]
        with self.assertRaisesRegex(NotEqual, "differs from the original in"):
            prove_equal(quantised, fixtures.with_constant(quantised, "conv6.bias", lambda bias: bias + 4000))


def _without_zeros(kernel: np.ndarray, length: int) -> list[int]:
    """The values in order; where there are more than `length`, so many zeros fewer."""
    values = kernel.reshape(-1).tolist()
    for _ in range(len(values) - length):
        values.remove(0)
    return sorted(values)


if __name__ == "__main__":
    unittest.main()
