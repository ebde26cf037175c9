"""The network of dense convolutions that restores, in both precisions: graph, halo, fine-tuning, shipped files."""

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

from ..data.planar import Planes, folded, unfolded
from ..measure.planar_runtime import PlanarSession
from ..networks.graph import float_model
from ..networks.plain import Plain
from ..quantise.calibrate import calibrate_network
from ..quantise.qat import QatRecipe, qat
from ..quantise.qdq import quantise
from ..quantise.restoring import noisy_crops, shipped
from ..ship.export import Choices
from ..ship.restoring import export_restoring
from ..train.loop import train
from ..train.recipe import Recipe
from ..train.tensors import infer
from . import fixtures


def network() -> Plain:
    torch.manual_seed(3)
    return Plain(hidden=(8, 8), expansion=4).eval()


class Networks(unittest.TestCase):
    def test_the_graph_gives_what_the_network_gives(self):
        given, made = fixtures.planes(24, 32), network()
        found, expected = PlanarSession(float_model(made, {"family": made.family}))(given), unfolded(infer(made, folded(given)))
        for ours, theirs in zip(found.each(), expected.each()):
            self.assertLessEqual(int(np.abs(ours.astype(int) - theirs).max()), 1)

    def test_the_int8_graph_has_the_planes_as_its_ends_and_is_near_the_float_one(self):
        given, made = fixtures.planes(24, 32), network()
        facts = {"family": made.family, "scale": "1", "channels": "6"}
        small = shipped(quantise(*calibrate_network(made, facts, [folded(fixtures.planes(24, 32, seed)) for seed in range(4)])))
        self.assertEqual([end.name for end in (*small.graph.input, *small.graph.output)], ["y", "u", "v", "y.restored", "u.restored", "v.restored"])
        exact, found = (PlanarSession(model)(given) for model in (float_model(made, facts), small))
        for ours, theirs in zip(found.each(), exact.each()):
            self.assertLess(np.abs(ours.astype(int) - theirs).mean(), 1.0)

    def test_a_tile_with_its_halo_gives_what_the_whole_picture_gives_and_with_less_it_does_not(self):
        given, made = fixtures.planes(96, 16), network()
        session = PlanarSession(float_model(made, {"family": made.family}))
        whole = session(given)

        def same(halo: int) -> bool:
            tile = Planes(*(plane[(40 - halo) // part : (56 + halo) // part] for plane, part in zip(given.each(), (1, 2, 2))))
            parts = zip(session(tile).each(), whole.each(), (1, 2, 2))
            return all(np.array_equal(ours[halo // part : (halo + 16) // part], theirs[40 // part : 56 // part]) for ours, theirs, part in parts)

        self.assertEqual(made.halo, 6)
        self.assertEqual((same(6), same(4)), (True, False))

    def test_it_keeps_the_size(self):
        for settings in ({"scale": 2}, {"channels": 1}):
            with self.assertRaises(SystemExit):
                Plain(**settings)


class Shipped(unittest.TestCase):
    def test_a_run_is_shipped_in_both_precisions_plainly_quantised_or_fine_tuned(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            root = Path(folder)
            for part in ("train", "val"):
                (root / part).mkdir()
                Image.fromarray(fixtures.picture(3, 176, 192).transpose(1, 2, 0)).save(root / part / "0.png")
            recipe = Recipe("plain", 1, task="denoise", hidden=(8, 8), steps=2, peak_rate=1e-6, batch=2, patch=16, sizes=(1.0,), lossy_sizes=(), compressed=0.0, chroma=4.0)
            train(recipe, root, root / "run")
            qat(root / "run", root, root / "tuned", QatRecipe(steps=2, rate=1e-8, batch=2, patch=16, crops=4))
            for tuned, way in ((None, "ptq"), (root / "tuned", "qat")):
                out = root / way
                files = export_restoring(root / "run", root, out, Choices(crops=4, qat=tuned))
                self.assertEqual([file.name for file in files], ["plain-denoise-fp32.onnx", "plain-denoise-int8.onnx", "plain-denoise.md"])
                facts = {entry.key: entry.value for entry in onnx.load(files[1]).metadata_props}
                self.assertEqual((facts["quantisation"], facts["precision"], facts["align"]), (way, "int8", "2"))
                models = json.loads((out / "manifest.json").read_text())["models"]
                self.assertEqual([(model["id"], model["planes"], model["halo"]) for model in models], [("plain-denoise-fp32", "yuv", 6), ("plain-denoise-int8", "yuv", 6)])
                self.assertIn("fine-tuned" if tuned else "post-training", files[2].read_text())

    def test_crops_to_calibrate_on_are_noisy_by_turns_and_folded(self):
        with tempfile.TemporaryDirectory() as folder:
            Image.fromarray(np.full((176, 192, 3), 128, np.uint8)).save(Path(folder) / "0.png")
            crops = noisy_crops(Path(folder), 5, 64)
        self.assertEqual({crop.shape for crop in crops}, {(6, 32, 32)})
        deviations = [crop[:4].astype(float).std() for crop in crops]
        for found, sigma in zip(deviations, (0, 5, 15, 25, 50)):
            self.assertAlmostEqual(found, sigma, delta=0.1 * sigma + 0.3)


if __name__ == "__main__":
    unittest.main()
