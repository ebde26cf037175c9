import shlex
import unittest
from dataclasses import fields
from pathlib import Path

from ..ship import card
from ..ship.again import SCRIPTS, arguments, script
from ..train.recipe import Recipe

MODELS = Path(__file__).resolve().parents[2]


class Scripts(unittest.TestCase):
    def test_every_card_has_the_script_that_its_model_tells(self):
        self.assertEqual({path.stem for path in SCRIPTS.glob("*.sh")}, set(card.names(MODELS)))
        for name in card.names(MODELS):
            self.assertEqual((SCRIPTS / f"{name}.sh").read_text(), script(MODELS / f"{name}-fp32.onnx"))

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


if __name__ == "__main__":
    unittest.main()
