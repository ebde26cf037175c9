import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

from ..data.pictures import degrade
from ..ship import contact_sheet as sheet
from .fixtures import picture


class ContactSheet(unittest.TestCase):
    def test_every_cell_is_the_same_place_pixel_by_pixel(self):
        with tempfile.TemporaryDirectory() as folder:
            for seed, crop in enumerate(sheet.CROPS):
                file = Path(folder) / crop.file
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture(3, 512, 768, seed).transpose(1, 2, 0)).save(file)
            for scale in (2, 3, 4):
                made = sheet.contact_sheet(Path(folder), [], scale, [])
                for row, crop in enumerate(sheet.CROPS):
                    low, high = degrade(Image.open(Path(folder) / crop.file), scale)
                    box = (crop.x, crop.y, crop.x + sheet.SIDE, crop.y + sheet.SIDE)
                    wanted = [low.resize(high.size, Image.Resampling.NEAREST), low.resize(high.size, Image.Resampling.BICUBIC), high]
                    for column, whole in enumerate(wanted):
                        left, top = sheet._left(column), sheet.HEADING + row * (sheet.SIDE + sheet.CAPTION + sheet.GAP)
                        cell = made.crop((left, top, left + sheet.SIDE, top + sheet.SIDE))
                        with self.subTest(scale=scale, subject=crop.subject, column=column):
                            np.testing.assert_array_equal(cell, whole.crop(box))
                            # The low resolution's pixels are whole: the crop begins and ends between them.
                            self.assertEqual([side % scale for side in box], [0] * 4)

    def test_a_picture_that_is_not_there_is_named(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(SystemExit, "14.png"):
            sheet.contact_sheet(Path(folder), [], 3, [])


if __name__ == "__main__":
    unittest.main()
