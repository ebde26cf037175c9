import os
import shlex
import subprocess
import tempfile
import unittest
from dataclasses import fields
from pathlib import Path

from ..ship import card
from ..ship.again import SCRIPTS, STEPS, arguments, script
from ..train.recipe import Recipe

MODELS = Path(__file__).resolve().parents[2]


class Scripts(unittest.TestCase):
    def test_every_card_has_the_script_that_its_model_tells(self):
        self.assertEqual({path.stem for path in SCRIPTS.glob("*.sh") if path != STEPS}, set(card.names(MODELS)))
        for name in card.names(MODELS):
            self.assertEqual((SCRIPTS / f"{name}.sh").read_text(), script(name, MODELS))

    def test_a_script_trains_each_run_from_the_model_of_the_one_before_it(self):
        self.assertEqual(
            told("ultra-x2"),
            [
                "train ultra --scale 2 --run R/1-ultra-x2 --steps 26725 --optimizer muon --peak-rate 0.01 --mse-from 0.3 --batch 64 --float32-from 0.85 --ema 0.9995 --frames 0.1",
                "export --run R/1-ultra-x2 --out R/models-1-ultra-x2",
            ],
        )
        self.assertEqual(
            told("abpn-rgb-x3")[-3:],
            [
                "export --run R/4-abpn-x3 --out R/models-4-abpn-x3",
                "train abpn --scale 3 --run R/5-abpn-rgb-x3 --from R/models-4-abpn-x3/abpn-x3-fp32.onnx --channels 3 --steps 12000 --peak-rate 0.004 --mse-from 0 --luma 0.75",
                "export --run R/5-abpn-rgb-x3 --out R/models-5-abpn-rgb-x3",
            ],
        )

    def test_a_script_of_a_mean_averages_the_last_runs_and_ships_their_mean(self):
        self.assertEqual(
            told("best-x3")[-4:],
            [
                "export --run R/8-best-x3 --out R/models-8-best-x3",
                "train best --scale 3 --run R/9-best-x3 --from R/models-8-best-x3/best-x3-fp32.onnx --steps 12000 --peak-rate 0.002 --mse-from 0.15 --floor 4 --frames 0.2",
                "average R/7-best-x3 R/8-best-x3 R/9-best-x3 --run R/mean-9-best-x3",
                "export --run R/mean-9-best-x3 --out R/models-mean-9-best-x3",
            ],
        )

    def test_a_network_that_began_from_a_shipped_one_is_trained_from_what_that_one_s_script_ships(self):
        begun = told("best-x2")
        self.assertEqual(
            told("best-video-x2"),
            [
                *begun,
                "compress --scale 2 --soft 0 --softest 1.8 --centre 0 --out R/video-x2-soft0-1.8-crf0",
                "train best --scale 2 --run R/10-best-video-x2 --from R/models-mean-9-best-x2/best-x2-fp32.onnx --steps 2600 --peak-rate 0.002 --mse-from 0 --floor 2 "
                "--degraded 0.8 --sizes 1,0.6 --lossy-sizes 0.7,0.45 --frames 0.1 --cache R/video-x2-soft0-1.8-crf0",
                "compress --scale 2 --soft 0.6 --softest 1.8 --centre 0 --out R/video-x2-soft0.6-1.8-crf0",
                "export --run R/10-best-video-x2 --out R/models-10-best-video-x2",
                "train best --scale 2 --run R/11-best-video-x2 --from R/models-10-best-video-x2/best-video-x2-fp32.onnx --steps 3000 --peak-rate 0.003 --mse-from 0 --floor 2 "
                "--degraded 0.85 --sizes 1,0.6 --lossy-sizes 0.7,0.45 --frames 0.1 --cache R/video-x2-soft0.6-1.8-crf0",
                "compress --scale 2 --soft 0.6 --softest 1.8 --centre 33 --out R/video-x2-soft0.6-1.8-crf33",
                "export --run R/11-best-video-x2 --out R/models-11-best-video-x2",
                "train best --scale 2 --run R/12-best-video-x2 --from R/models-11-best-video-x2/best-video-x2-fp32.onnx --steps 2500 --peak-rate 0.002 --mse-from 0 --floor 2 "
                "--degraded 0.85 --sizes 1,0.6 --lossy-sizes 0.7,0.45 --frames 0.1 --cache R/video-x2-soft0.6-1.8-crf33",
                "average R/12-best-video-x2 --start 0.38 --run R/mixed-12-best-video-x2",
                "export --run R/mixed-12-best-video-x2 --out R/models-mixed-12-best-video-x2 --cache R/video-x2-soft0.6-1.8-crf33",
            ],
        )
        for later, earlier in (("best-x2", "abpn-x2"), ("best-x4", "abpn-x4"), ("swift-video-x3", "swift-x3"), ("deblock-x1", "swift-x2"), ("xlsr-x2", "xlsr-x3")):
            first = told(earlier)
            self.assertEqual(told(later)[: len(first)], first, later)

    def test_the_options_of_a_recipe_are_its_fields_that_are_not_the_defaults(self):
        self.assertEqual(arguments(Recipe("best", 3)), [])
        given = {"steps": 70, "optimizer": "muon", "peak_rate": 0.0125, "sizes": (1.0, 0.75), "lossy_sizes": (0.6,), "hidden": (48, 64), "fold": 2, "frames": 0.1, "seed": 9}
        words = shlex.split(" ".join(arguments(Recipe("stack", 2, weigh=False, **given))))
        self.assertIn("--no-weigh", words)
        words.remove("--no-weigh")
        found = {name.removeprefix("--").replace("-", "_"): value for name, value in zip(words[::2], words[1::2], strict=True)}
        kinds = {field.name: field for field in fields(Recipe)}
        read = {name: tuple(map(float, value.split(","))) if isinstance(given[name], tuple) else kinds[name].type(value) for name, value in found.items()}
        self.assertEqual(read, given)


def told(card_name: str) -> list[str]:
    """The commands that a card's script gives to the trainer, in a folder R for its runs, whose true name holds a space."""
    with tempfile.TemporaryDirectory() as folder:
        runs, stand_in = Path(folder) / "my runs", Path(folder) / "told"
        # It stands in for Python: a run's folder is made, and the words are printed.
        stand_in.write_text('#!/bin/sh\nshift 2\nprintf "%s\\n" "$*"\n[ "$1" != train ] || mkdir -p "$6"\n')
        stand_in.chmod(0o755)
        environment = {**os.environ, "PYTHON": str(stand_in)}
        given = subprocess.run(["sh", f"training/recipes/{card_name}.sh", str(runs)], cwd=MODELS, env=environment, check=True, capture_output=True, text=True)
        return given.stdout.replace(str(runs), "R").splitlines()


if __name__ == "__main__":
    unittest.main()
