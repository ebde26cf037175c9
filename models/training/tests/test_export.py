import contextlib
import hashlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import onnx
from PIL import Image

from ..measure.evaluate import evaluate_files
from ..quantise.qat import QatRecipe, qat
from ..ship.export import Choices, export
from ..studies import clip as study_clip
from ..studies import frontier as study_frontier
from ..train.loop import train
from ..train.recipe import Recipe
from . import fixtures


class Exported(unittest.TestCase):
    """A few steps of training on made-up pictures, through every command to shipped files."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = Path(self._folder.name)
        for name in ("train", "val", "eval/kodak"):
            (self.root / "data" / name).mkdir(parents=True)
            for index in range(3):
                rgb = fixtures.picture(3, 210, 195, len(name) * 10 + index).transpose(1, 2, 0)
                Image.fromarray(rgb).save(self.root / "data" / name / f"{index}.png")
        (self.root / "data/train/MANIFEST.tsv").write_text("file\tsource\tlicence\n0.png\tours\tCC0\n1.png\tours\tCC0\n")
        self.quiet = contextlib.redirect_stdout(io.StringIO())

    def test_a_run_becomes_two_models_a_manifest_and_a_card(self):
        data, run, out = self.root / "data", self.root / "run", self.root / "models"
        recipe = Recipe("abpn", 2, steps=4, peak_rate=1e-4, batch=2, patch=24, expansion=8, sizes=(1.0,))
        with self.quiet:
            train(recipe, data, run, validate_every=2)
            train(recipe, data, run, validate_every=2)
            export(run, data, out, Choices(crops=4, keep_unlowered=self.root / "bench"))
        models = manifest_of(out)
        self.assertEqual(list(models), ["abpn-x2-fp32", "abpn-x2-int8"])
        for model in models.values():
            content = (out / model["file"]).read_bytes()
            self.assertEqual((model["sha256"], model["bytes"]), (hashlib.sha256(content).hexdigest(), len(content)))
            self.assertEqual((model["halo"], model["align"], model["macsPerPixel"]), (7, 1, 31_932))
            self.assertEqual(set(model["measured"]), {"kodak", "val"})
        self.assertTrue((self.root / "bench/abpn-x2-int8-unlowered.onnx").exists())
        card = (out / "abpn-x2.md").read_text()
        for sentence in ("| ours | 2 | CC0 |", "| not listed in MANIFEST.tsv | 1 | unknown |", "4 steps", "![Gain"):
            self.assertIn(sentence, card)

        further = self.root / "further"
        with self.quiet:
            train(recipe, data, further, out / "abpn-x2-fp32.onnx", validate_every=2)
            export(further, data, out, Choices(crops=4))
        # How many filters never fire after four steps depends on the rounding of the machine.
        revived = json.loads((further / "log.jsonl").read_text().splitlines()[0])["revived"]
        started = f"Started from abpn-x2-fp32.onnx (7 convolutions carried over, {revived} filters that never fired replaced). Behind that: 4 steps of abpn x2 (soap, to 0.0001)."
        self.assertGreater(revived, 0)
        self.assertIn(started, (out / "abpn-x2.md").read_text())

        rows = {row["method"]: row for row in evaluate_files([out / "abpn-x2-int8.onnx"], data / "eval/kodak")}
        self.assertAlmostEqual(rows["abpn-x2-int8.onnx"]["psnr"], manifest_of(out)["abpn-x2-int8"]["measured"]["kodak"]["psnr"], places=3)

    def test_a_fine_tuned_model_is_shipped_beside_the_figures_of_the_plain_one(self):
        data, run, tuned, out = self.root / "data", self.root / "run", self.root / "tuned", self.root / "models"
        tuning = QatRecipe(steps=2, rate=1e-6, batch=2, patch=24, crops=4)
        with self.quiet:
            train(Recipe("abpn", 2, channels=3, steps=2, peak_rate=1e-4, batch=2, patch=24, expansion=8, sizes=(1.0,)), data, run)
            qat(run, data, tuned, tuning)
            qat(run, data, tuned, tuning)
            export(run, data, out, Choices(crops=4, qat=tuned))
        card = (out / "abpn-rgb-x2.md").read_text()
        self.assertIn("PTQ), not shipped", card)
        self.assertIn("2 steps at 1e-06, mse, from the float network at step 2", card)

    def test_xlsr_is_shipped_as_published_and_runs_folded(self):
        data, run, out = self.root / "data", self.root / "run", self.root / "models"
        # Next to no rate: the network stays the enlargement that it starts as, which int8 does justice to.
        recipe = Recipe("xlsr", 3, steps=4, peak_rate=1e-6, batch=2, patch=24, sizes=(1.0,), schedule="triangular", loss="charbonnier", intensities=(1.0, 0.5))
        with self.quiet:
            train(recipe, data, run, validate_every=2)
            train(recipe, data, run, validate_every=2)
            export(run, data, out, Choices(crops=4))
        models = manifest_of(out)
        self.assertEqual(list(models), ["xlsr-x3-fp32", "xlsr-x3-int8"])
        for model in models.values():
            self.assertEqual((model["halo"], model["parameters"], model["macsPerPixel"]), (5, 15_881, 15_568))
        groups = [[a.i for node in onnx.load(out / model["file"]).graph.node for a in node.attribute if a.name == "group"] for model in models.values()]
        self.assertEqual(groups, [[4, 4, 4], []])
        card = (out / "xlsr-x3.md").read_text()
        for sentence in ("# XLSR", "triangular schedule", "light multiplied by 1, 0.5", "Output clipped to 0..1 in training", "authors released no weights"):
            self.assertIn(sentence, card)

    def test_the_study_of_the_clip_measures_both_ways_of_training_and_of_storing(self):
        with self.quiet:
            rows = study_clip.run(self.root / "data", self.root / "study", 4, batch=2, patch=24, expansion=8, sizes=(1.0,))
        self.assertEqual(rows[0], study_clip.HEAD)
        self.assertEqual([row[0] for row in rows[1:]], ["clip", "clip", "linear", "linear"])
        self.assertEqual([row[1][:7] for row in rows[1:]], ["0 .. 1", "its ran"] * 2)
        for row in rows[1:]:
            self.assertRegex(" ".join(row), r"( -?\d+\.\d\d [+-]\d+\.\d\d){3}$")

    def test_a_folded_network_is_shipped_with_what_its_input_must_be_a_multiple_of(self):
        data, run, out = self.root / "data", self.root / "run", self.root / "models"
        with self.quiet:
            train(Recipe("swift", 2, steps=2, peak_rate=1e-6, batch=2, patch=24, sizes=(1.0,)), data, run)
            qat(run, data, self.root / "tuned", QatRecipe(steps=1, rate=1e-9, batch=2, patch=24, crops=4))
            export(run, data, out, Choices(crops=4))
        for model in manifest_of(out).values():
            self.assertEqual((model["halo"], model["align"], model["paper"]), (10, 2, ""))
        card = (out / "swift-x2.md").read_text()
        self.assertIn("whose sides are multiples of 2", card)
        self.assertNotIn("Paper:", card)

    def test_the_study_of_shapes_places_candidates_and_shipped_networks_in_one_table_and_one_chart(self):
        data, out, chart = self.root / "data", self.root / "models", self.root / "chart.png"
        small, shape = {"batch": 2, "patch": 24, "sizes": (1.0,), "peak_rate": 1e-6}, study_frontier.Shape((16, 16, 20), 5, 1, 2)
        with self.quiet, mock.patch.multiple(study_frontier, SHAPES={2: [shape]}, VARIED=(2, shape), FRAME=(120, 80)):
            train(Recipe("abpn", 2, steps=2, **small), data, self.root / "run")
            export(self.root / "run", data, out, Choices(crops=4))
            head, *rows = study_frontier.run(data, self.root / "study", 2, out, chart, **small)
        self.assertEqual([row[0] for row in rows], ["**abpn**", *(f"{letter}: 2 x 16, 20, 5x5 first, 1x1 last, folded by 2{way}" for letter, way in zip("abc", ("", "; linear blocks of width 128", "; a teacher's share of 0.5")))])
        self.assertEqual([len(row) for row in rows], [len(head)] * 4)
        self.assertEqual(rows[0][3], "1.00")
        with Image.open(chart) as drawn:
            self.assertGreater(drawn.width, 500)


def manifest_of(folder: Path) -> dict[str, dict]:
    return {model["id"]: model for model in json.loads((folder / "manifest.json").read_text())["models"]}


if __name__ == "__main__":
    unittest.main()
