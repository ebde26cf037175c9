import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image

from ..data.codecs import Encoding, decoded
from ..data.pairs import Pair, mixed
from ..data.planar import Planes
from ..data.pictures import resized
from ..data.shots import Film
from ..data.video_pairs import KEPT, SHOTS, SIDES, UNCOMPRESSED, Settings, drawn_encoding, load, make
from ..networks.graph import float_model
from ..train.average import average
from ..train.loop import train
from ..train.recipe import Recipe
from . import fixtures

SMALL = Settings(2, rounds=2)


class Codecs(unittest.TestCase):
    def test_each_codec_gives_all_frames_back_in_order_and_poorer_with_its_number(self):
        frames = [Planes(*(np.full(shape, 40 + 20 * index, np.uint8) for shape in ((32, 48), (16, 24), (16, 24)))) for index in range(6)]
        busy = [Planes(fixtures.picture(1, 32, 48, index)[0], *frames[0].each()[1:]) for index in range(6)]
        for codec, good, poor in (("x264", 18, 38), ("x265", 18, 38), ("mpeg4", 2, 20)):
            with self.subTest(codec):
                levels = [float(frame.y.mean()) for frame in decoded(frames, Encoding(codec, good))]
                np.testing.assert_allclose(levels, [40 + 20 * index for index in range(6)], atol=2)
                errors = [np.mean([np.square(a.y.astype(float) - b.y).mean() for a, b in zip(busy, decoded(busy, Encoding(codec, quality)))]) for quality in (good, poor)]
                self.assertLess(2 * errors[0], errors[1])

    def test_most_encodings_are_of_x264_with_b_frames_or_without(self):
        drawn = [drawn_encoding(np.random.default_rng(seed), Settings(2)) for seed in range(200)]
        of = {codec: [encoding for encoding in drawn if encoding.codec == codec] for codec in ("x264", "x265", "mpeg4")}
        self.assertGreater(len(of["x264"]), 2 * (len(of["x265"]) + len(of["mpeg4"])))
        self.assertEqual({encoding.b_frames for encoding in of["x264"]}, {None, 0})
        self.assertLessEqual({encoding.quality for encoding in of["x264"]}, set(range(18, 39)))

    def test_with_a_centre_poor_encodings_are_drawn_more_often_from_the_same_range(self):
        even, poor = ([drawn_encoding(np.random.default_rng(seed), Settings(2, centre=centre)) for seed in range(400)] for centre in (0, 33))
        of = [[encoding.quality for encoding in drawn if encoding.codec == "x264"] for drawn in (even, poor)]
        self.assertLessEqual(set(of[1]), set(range(18, 39)))
        self.assertGreater(np.mean(of[1]), np.mean(of[0]) + 1)
        self.assertLess(min(of[1]), 23)


    def test_coarse_video_is_strongly_compressed_by_every_codec(self):
        drawn = [drawn_encoding(np.random.default_rng(seed), Settings(2, coarse=True)) for seed in range(400)]
        least = {codec: min(encoding.quality for encoding in drawn if encoding.codec == codec) for codec in ("x264", "x265", "mpeg4")}
        self.assertEqual(least, {"x264": 28, "x265": 30, "mpeg4": 8})


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        for folder, count in (("train", SHOTS), ("val", SHOTS)):
            (self.root / "data" / folder).mkdir(parents=True)
            for index in range(count):
                # Waves, which encoders keep; noise would be lost.
                y, x = np.mgrid[:470, :480]
                rgb = np.stack([127 + 100 * np.sin((x * (index + 1) + y * channel) / 25) for channel in range(3)], -1).astype(np.uint8)
                Image.fromarray(rgb).save(self.root / "data" / folder / f"{index}.png")

    def test_a_clip_depends_on_the_seed_and_its_number_alone_and_is_made_once(self):
        data, out = self.root / "data", self.root / "out"
        made = list(make(data, out, SMALL))
        self.assertEqual([path.relative_to(out).as_posix() for path in made], ["train/0000.npz", "train/0001.npz", "val/0000.npz"])
        before = made[1].read_bytes()
        made[1].unlink()
        self.assertEqual(list(make(data, out, SMALL)), [made[1]])
        self.assertEqual(made[1].read_bytes(), before)
        self.assertEqual(list(make(data, out, SMALL)), [])
        with self.assertRaisesRegex(SystemExit, "other settings"):
            list(make(data, out, Settings(2, rounds=2, seed=9)))

        pairs = load(out, 2, "train")
        self.assertEqual(len(pairs), 2 * SHOTS * KEPT)
        for pair in pairs:
            self.assertEqual((pair.low.shape, pair.high.shape), ((1, SIDES[2], SIDES[2]), (1, 2 * SIDES[2], 2 * SIDES[2])))
            reduced = pair.high[0].reshape(SIDES[2], 2, SIDES[2], 2).mean((1, 3))
            error = float(np.abs(pair.low[0] - reduced).mean())
            self.assertTrue(0 < error < 12, error)
        with self.assertRaisesRegex(SystemExit, "no compressed pairs of x3"):
            load(out, 3, "train")

    def test_soft_shots_are_blurred_and_one_frame_in_six_stays_as_the_encoder_got_it(self):
        data = self.root / "data"
        for soft in (0.0, 1.0):
            out = self.root / f"soft{soft:g}"
            list(make(data, out, Settings(2, rounds=2, soft=soft)))
            pairs = load(out, 2, "train")
            same = [np.array_equal(pair.low[0], resized(pair.high, (SIDES[2], SIDES[2]), Image.BICUBIC)[0]) for pair in pairs]
            self.assertEqual(sum(same), len(pairs) // UNCOMPRESSED if soft else 0)
        frame = fixtures.picture(1, 64, 64, 3)[0]
        self.assertLess(np.abs(np.diff(Film(blur=1.5).developed(frame, np.random.default_rng(0)).astype(float))).mean(), np.abs(np.diff(frame.astype(float))).mean())
        noise = Film(grain=3.0).developed(np.full((64, 64), 100, np.uint8), np.random.default_rng(0)).astype(float) - 100
        self.assertAlmostEqual(float(noise.std()), 3.0, delta=0.2)

        recipe = Recipe("swift", 2, steps=2, batch=4, patch=24, sizes=(1.0,), float32_from=0.0, degraded=0.5)
        with contextlib.redirect_stdout(io.StringIO()):
            train(recipe, data, self.root / "run", cache=out)
        self.assertIn("video_gain_db", json.loads((self.root / "run" / "log.jsonl").read_text().splitlines()[-1]))
        start = self.root / "start.onnx"
        onnx.save(float_model(fixtures.network(2, 1, "swift"), {**fixtures.shape(fixtures.network(2, 1, "swift")), "recipe": "{}"}), start)
        for share in (0.25,):
            with contextlib.redirect_stdout(io.StringIO()):
                train(recipe, data, self.root / f"from-{share}", start_from=start, cache=out)
                average([self.root / f"from-{share}"], self.root / f"mixed-{share}", share)
            begun, learnt, mixed_ = (torch.load(path, weights_only=True) for path in (self.root / f"from-{share}" / "start.pt", self.root / f"from-{share}" / "checkpoint.pt", self.root / f"mixed-{share}" / "checkpoint.pt"))
            for name, weight in mixed_["average"].items():
                torch.testing.assert_close(weight, share * begun[name] + (1 - share) * learnt["average"][name], atol=1e-6, rtol=1e-5)
        for refused, cache in ((recipe, None), (Recipe("swift", 2), out)):
            with self.assertRaisesRegex(SystemExit, "--cache"):
                train(refused, data, self.root / "other", cache=cache)


class Mixture(unittest.TestCase):
    def test_pairs_are_drawn_by_their_share_however_many_pixels_there_are(self):
        clean, video = ([Pair(np.zeros((1, side, side), np.uint8), np.zeros((1, 2 * side, 2 * side), np.uint8))] * count for side, count in ((100, 3), (10, 2)))
        pairs = mixed(clean, video, 0.8)
        self.assertAlmostEqual(sum(pair.chance * pair.low.size for pair in pairs if pair.low.shape[1] == 10), 0.8)
        self.assertAlmostEqual(sum(pair.chance * pair.low.size for pair in pairs), 1)


if __name__ == "__main__":
    unittest.main()
