import unittest

import numpy as np
from PIL import Image

from ..data.color import luma8
from ..data.pictures import degrade
from ..measure.evaluate import bicubic, lanczos, score
from ..measure.metrics import psnr, ssim
from . import fixtures


class Metrics(unittest.TestCase):
    def test_psnr_of_a_constant_error_is_its_formula(self):
        plane = np.full((20, 30), 100.0)
        self.assertAlmostEqual(psnr(plane, plane + 5), 20 * np.log10(255 / 5))

    def test_psnr_leaves_the_border_out(self):
        plane = np.zeros((20, 30))
        wrong = plane.copy()
        wrong[:3] = 255
        self.assertEqual(psnr(plane, wrong, 3), float("inf"))

    def test_ssim_is_one_for_the_same_picture_and_falls_with_noise(self):
        plane = fixtures.picture(1, 60, 80)[0].astype(float)
        noise = np.random.default_rng(0).normal(0, 1, plane.shape)
        found = [ssim(plane, plane + strength * noise) for strength in (0, 5, 20)]
        self.assertAlmostEqual(found[0], 1.0)
        self.assertTrue(found[0] > found[1] > found[2] > 0)

    def test_ssim_of_a_shifted_flat_picture_is_its_luminance_term(self):
        c1 = (0.01 * 255) ** 2
        self.assertAlmostEqual(ssim(np.full((16, 16), 100.0), np.full((16, 16), 110.0)), (2 * 100 * 110 + c1) / (100**2 + 110**2 + c1), places=6)

    def test_luma_of_black_and_white_is_16_and_235(self):
        self.assertEqual(luma8(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)).tolist(), [[16, 235]])

    def test_a_picture_is_cut_to_a_multiple_of_the_scale(self):
        low, high = degrade(Image.new("RGB", (100, 52)), 3)
        self.assertEqual((low.size, high.size), ((33, 17), (99, 51)))

    def test_a_folder_score_tells_a_dark_network(self):
        pairs = fixtures.pairs(2)
        repeat = lambda low: low.repeat(2, axis=1).repeat(2, axis=2)
        self.assertAlmostEqual(score(lambda low: repeat(low) - 4, pairs, 2).luma_shift, -4.0)
        for method in (bicubic, lanczos):
            self.assertLess(abs(score(lambda low: method(low, 2), pairs, 2).luma_shift), 0.1)


if __name__ == "__main__":
    unittest.main()
