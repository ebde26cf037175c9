import hashlib
import tarfile
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

from ..data.listed import differences
from ..data.pack import Packing, pack
from ..data.pairs import load_pairs
from . import fixtures


def folder_of_pictures(root: Path) -> Path:
    """A data folder with grey and coloured pictures in PNG and JPEG."""
    for seed, name in enumerate(("train/a/one.png", "train/a/two.jpg", "val/three.png", "val2/four.png", "eval/kodak/five.png")):
        path = root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(fixtures.picture(3, 96, 120, seed).transpose(1, 2, 0)).save(path, quality=95)
    (root / "data" / "train" / "MANIFEST.tsv").write_text("file\tsource\tlicence\none.png\tmade up\tCC0\n")
    return root / "data"


class Listed(unittest.TestCase):
    def test_pictures_that_are_missing_changed_or_not_listed_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            data, listing = folder_of_pictures(Path(folder)), Path(folder) / "list.tsv"
            names = sorted(path.relative_to(data).as_posix() for path in data.rglob("*.*g"))
            lines = [f"{name}\tmade up\t{hashlib.sha256((data / name).read_bytes()).hexdigest()}\tCC0\n" for name in names]
            listing.write_text("".join(["file\torigin\tsha256\tlicence\n", *lines]))
            self.assertFalse(differences(data, listing).any())
            (data / "val" / "three.png").unlink()
            (data / "train" / "a" / "two.jpg").write_bytes(b"another")
            Image.new("L", (8, 8)).save(data / "val2" / "six.png")
            found = differences(data, listing)
            self.assertEqual((found.missing, found.changed, found.unlisted), (["val/three.png"], ["train/a/two.jpg"], ["val2/six.png"]))


class Packed(unittest.TestCase):
    def test_the_parts_unpack_to_a_data_folder_with_the_luma_of_the_pictures(self):
        with tempfile.TemporaryDirectory() as folder:
            data, out, there = folder_of_pictures(Path(folder)), Path(folder) / "parts", Path(folder) / "there"
            programs = Path(folder) / "training"
            programs.mkdir()
            (programs / "__main__.py").write_text("pass\n")
            limit = 40 << 10
            parts = pack(data, out, Packing(), programs, limit)
            self.assertGreater(len(parts), 1)
            for part in parts:
                self.assertLessEqual(part.stat().st_size, limit)
                with tarfile.open(part) as archive:
                    archive.extractall(there, filter="data")
            self.assertEqual((there / "training" / "__main__.py").read_text(), "pass\n")
            self.assertEqual((there / "train" / "MANIFEST.tsv").read_text(), (data / "train" / "MANIFEST.tsv").read_text())
            for part in ("train", "val", "val2", "eval/kodak"):
                for ours, theirs in zip(load_pairs(there / part, 2, 1, minimum=8), load_pairs(data / part, 2, 1, minimum=8), strict=True):
                    self.assertLess(np.abs(ours.high.astype(int) - theirs.high).mean(), 4)
            lossless = [load_pairs(root / "val", 2, 1, minimum=8)[0].high.astype(int) for root in (there, data)]
            self.assertLessEqual(np.abs(lossless[0] - lossless[1]).max(), 1)
            with self.assertRaisesRegex(SystemExit, "holds parts already"):
                pack(data, out, Packing())

    def test_colour_is_kept_where_it_is_asked_for_and_only_training_pictures_in_jpeg_shrink(self):
        with tempfile.TemporaryDirectory() as folder:
            data, out, there = folder_of_pictures(Path(folder)), Path(folder) / "parts", Path(folder) / "there"
            for part in pack(data, out, Packing(channels=3, size=0.5)):
                with tarfile.open(part) as archive:
                    archive.extractall(there, filter="data")
            sizes = {path.name: Image.open(path).size for path in there.rglob("*.*g")}
            self.assertEqual(sizes, {"one.png": (120, 96), "two.jpg": (60, 48), "three.png": (120, 96), "four.png": (120, 96), "five.png": (120, 96)})
            np.testing.assert_array_equal(np.asarray(Image.open(there / "val" / "three.png")), np.asarray(Image.open(data / "val" / "three.png")))


if __name__ == "__main__":
    unittest.main()
