"""Options that several commands share: the photographs, and the fields of a recipe."""

import argparse
import os
from dataclasses import fields
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2]
"""The folder of the shipped models, their manifest and their cards."""


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add --data, with SRVID_DATA as its default."""
    parser.add_argument("--data", type=Path, default=os.environ.get("SRVID_DATA"), help="folder with train/ and val/")


def data_of(arguments: argparse.Namespace) -> Path:
    """The folder of photographs that was given. @raises SystemExit if none was, or if it has no train/ or val/."""
    if not arguments.data:
        raise SystemExit("Which photographs? Give --data DIR or set SRVID_DATA to a folder that has train/ and val/.")
    folder = Path(arguments.data)
    missing = [name for name in ("train", "val") if not (folder / name).is_dir()]
    if missing:
        raise SystemExit(f"{folder} has no folder {' and no folder '.join(missing)}. It needs train/ (to learn from) and val/ (to choose by).")
    return folder


def add_recipe(parser: argparse.ArgumentParser, recipe: type, named: set[str]) -> None:
    """Add an option for each field of the dataclass `recipe`, except the fields `named`, which the command asks for itself."""
    for field in fields(recipe):
        if field.name not in named:
            name, note = f"--{field.name.replace('_', '-')}", f"default: {field.default}"
            if field.type is bool:
                parser.add_argument(name, dest=field.name, action=argparse.BooleanOptionalAction, help=note)
            else:
                kind = _numbers if isinstance(field.default, tuple) else field.type
                parser.add_argument(name, dest=field.name, type=kind, choices=_choices(field.name), help=note)


def recipe_of(given: argparse.Namespace, recipe: type):
    """An instance of the dataclass `recipe` with the fields that were given; the others keep their defaults."""
    return recipe(**{f.name: getattr(given, f.name) for f in fields(recipe) if getattr(given, f.name, None) is not None})


def _numbers(text: str) -> tuple[int | float, ...]:
    """"1,0.7,0.5" """
    return tuple(int(number) if number.isdigit() else float(number) for number in text.split(","))


def _choices(option: str) -> list[str] | None:
    from ..data.pictures import SHRINKING
    from ..networks.attention import FORMS
    from ..train.losses import LOSSES
    from ..train.recipe import OPTIMIZERS
    from ..train.schedule import SCHEDULES
    from ..train.tasks import TASKS

    return {"optimizer": list(OPTIMIZERS), "loss": list(LOSSES), "schedule": list(SCHEDULES), "output": ["own", "clip", "linear"], "shrink": list(SHRINKING), "task": list(TASKS), "attention": list(FORMS)}.get(option)
