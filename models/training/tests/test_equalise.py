import unittest

import numpy as np
import torch

from ..networks.activations import largest_activations
from ..quantise.equalise import equalise
from ..train.tensors import infer
from . import fixtures


class Equalised(unittest.TestCase):
    def test_channels_come_nearer_to_each_other_and_the_picture_stays(self):
        for kind in ({"family": "abpn"}, {"scale": 2, "family": "swift"}, fixtures.TRUNK):
            network, crops = fixtures.network(**kind), [fixtures.picture(1, 48, 48, seed) for seed in range(4)]
            loudest = int(largest_activations(network, crops)[2].argmax())
            with torch.no_grad():
                louder = torch.ones(len(network.convs[1].bias))
                louder[loudest] = 8
                network.convs[1].load_merged(network.convs[1].kernel() * louder[:, None, None, None], network.convs[1].bias * louder)
            before, ahead = infer(network, crops[0]), _ahead(network, crops)
            self.assertTrue(equalise(network, crops))
            np.testing.assert_allclose(infer(network, crops[0]).astype(int), before, atol=1)
            self.assertLess(_ahead(network, crops), ahead / 2)

    def test_channels_of_a_trunk_come_nearer_to_each_other_where_all_blocks_read_them(self):
        network, crops = fixtures.network(**fixtures.TRUNK), [fixtures.picture(1, 48, 48, seed) for seed in range(4)]
        louder = torch.ones(network.trunk)
        louder[5] = 20
        with torch.no_grad():
            for writer in (network.convs[0], *(narrow for _, narrow in network.blocks)):
                writer.load_merged(writer.kernel() * louder[:, None, None, None], writer.bias * louder)
            for reader in (*(wide for wide, _ in network.blocks), network.convs[-1]):
                reader.load_merged(reader.kernel() / louder[None, :, None, None], reader.bias.clone())
        before = infer(network, crops[0])
        spread = [float(torch.std(largest_activations(network, crops)[-1].log())), equalise(network, crops), float(torch.std(largest_activations(network, crops)[-1].log()))]
        self.assertLess(spread[2], spread[0] / 2)
        np.testing.assert_allclose(infer(network, crops[0]).astype(int), before, atol=1)

    def test_only_chains_and_trunks_are_touched(self):
        for family in ("xlsr", "abpn-feature"):
            self.assertFalse(equalise(fixtures.network(2, 1, family), [fixtures.picture(1, 40, 40)]))
        self.assertFalse(equalise(fixtures.network(2, 1, clip_inner=0.5), [fixtures.picture(1, 40, 40)]))


def _ahead(network: torch.nn.Module, crops: list[np.ndarray]) -> float:
    """Largest activation of the second convolution's input channels, divided by the second largest."""
    first, second = largest_activations(network, crops)[2].sort(descending=True).values[:2]
    return float(first / second)


if __name__ == "__main__":
    unittest.main()
