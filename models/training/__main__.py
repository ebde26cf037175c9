"""`python -m training COMMAND`, run from the folder `models`. `--data DIR` or SRVID_DATA names the photographs."""

import argparse
import json
import os
from dataclasses import fields
from pathlib import Path

from .memory import keep_freed_memory

MODELS = Path(__file__).resolve().parent.parent
"""Where shipped models, their manifest and their cards lie."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (_train, _average, _qat, _export, _lower, _evaluate, _card, _study, _time, _peak, _contact_sheet, _fixture, _selftest):
        command = commands.add_parser(add.__name__[1:].replace("_", "-"), help=add.__doc__, description=add.__doc__)
        command.set_defaults(run_command=add(command))
    arguments = parser.parse_args()
    keep_freed_memory()
    arguments.run_command(arguments)


def _train(parser: argparse.ArgumentParser):
    """train one network; continues a run found in --run"""
    from .families import FAMILIES
    from .train import Recipe, train

    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--scale", type=int, required=True)
    parser.add_argument("--run", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--from", dest="start_from", type=Path, help="float ONNX model to start from (shapes that fit are carried over)")
    _add_recipe(parser, Recipe, {"family", "scale"})
    _add_data(parser)
    parser.add_argument("--teacher", type=Path, help="model to learn from, for --distillation")
    return lambda given: train(_recipe(given, Recipe), _data(given), given.run, given.start_from, given.teacher)


def _qat(parser: argparse.ArgumentParser):
    """fine-tune a trained network for int8; continues a run found in --run"""
    from .qat import QatRecipe, qat

    parser.add_argument("--base", type=Path, required=True, help="the run of the float network")
    parser.add_argument("--run", type=Path, required=True, help="folder for the checkpoint and the log")
    _add_recipe(parser, QatRecipe, set())
    _add_data(parser)
    return lambda given: qat(given.base, _data(given), given.run, _recipe(given, QatRecipe))


def _average(parser: argparse.ArgumentParser):
    """average runs that began from one another into a run of its own"""
    parser.add_argument("runs", nargs="+", type=Path, help="the last one gives recipe and log")
    parser.add_argument("--run", type=Path, required=True, help="new folder for the result")
    return _run_average


def _run_average(given: argparse.Namespace) -> None:
    from .average import average

    average(given.runs, given.run)


def _export(parser: argparse.ArgumentParser):
    """write a run's float and int8 models, their manifest entries and their card"""
    from .calibrate import METHODS

    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the models (default: %(default)s)")
    parser.add_argument("--calibration", choices=METHODS, default="minmax")
    parser.add_argument("--crops", type=int, default=100, help="pictures to calibrate on (default: %(default)s)")
    parser.add_argument("--qat", type=Path, help="run of the fine-tuned int8 network, to be shipped in place of the plainly quantised one")
    parser.add_argument("--keep-unlowered", type=Path, metavar="DIR", help="write <id>-unlowered.onnx there too, for benchmarks")
    _add_data(parser)
    return _run_export


def _run_export(given: argparse.Namespace) -> None:
    from .export import Choices, export
    from .gate import Refused
    from .lower import NotEqual

    try:
        for file in export(given.run, _data(given), given.out, Choices(given.calibration, given.crops, given.qat, given.keep_unlowered)):
            print(file)
    except (Refused, NotEqual) as refusal:
        raise SystemExit(str(refusal)) from refusal


def _lower(parser: argparse.ArgumentParser):
    """rewrite a QDQ model, bit-exactly, into the shapes of ONNX Runtime's fast int8 convolution"""
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--output-multiple", type=int, default=4, help="of output channels: 4 suits AVX-512, 8 AVX2 (default: %(default)s)")
    return _run_lower


def _run_lower(given: argparse.Namespace) -> None:
    import onnx

    from .lower import NotEqual, lower, prove_equal

    model = onnx.load(given.input)
    lowered = lower(model, given.output_multiple)
    try:
        prove_equal(model, lowered)
    except NotEqual as difference:
        raise SystemExit(str(difference)) from difference
    onnx.save(lowered, given.output)
    print(f"{given.output}: the same bytes as {given.input}")


def _evaluate(parser: argparse.ArgumentParser):
    """PSNR and SSIM of ONNX models on a folder of pictures, beside bicubic and lanczos"""
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="high-resolution pictures")
    parser.add_argument("--json", action="store_true", help="rows as JSON in place of the table")
    return _run_evaluate


def _run_evaluate(given: argparse.Namespace) -> None:
    from .evaluate import evaluate_files, table

    rows = evaluate_files(given.models, given.folder)
    print(json.dumps(rows, indent=2) if given.json else table(rows))


def _card(parser: argparse.ArgumentParser):
    """write cards anew from the shipped files and the manifest"""
    parser.add_argument("names", nargs="*", help="abpn-x3 ...; all, if none is named")
    parser.add_argument("--models", type=Path, default=MODELS, help="default: %(default)s")
    parser.add_argument("--measure", action="store_true", help="run the files again first and put the figures into the manifest (needs --data)")
    _add_data(parser)
    return _run_card


def _run_card(given: argparse.Namespace) -> None:
    from . import card

    chosen = given.names or card.names(given.models)
    if given.measure:
        from .export import measure_again

        measure_again(given.models, chosen, _data(given))
    for name in chosen:
        for file in card.write(given.models, name):
            print(file)


def _study(parser: argparse.ArgumentParser):
    """train networks alike but for one thing and print the table that compares them (docs/quantisation.md, docs/networks.md)"""
    from .train import Recipe

    parser.add_argument("name", choices=("residual", "calibration", "clip", "distillation", "recipe", "frontier"))
    parser.add_argument("--work", type=Path, required=True, help="folder for the runs; those found there go on")
    parser.add_argument("--steps", type=int, default=3000, help="default: %(default)s")
    parser.add_argument("--chart", type=Path, help="for frontier: PNG to draw the networks into, by time and gain")
    _add_recipe(parser, Recipe, {"family", "scale", "channels", "steps"})
    _add_data(parser)
    return _run_study


def _run_study(given: argparse.Namespace) -> None:
    from importlib import import_module

    from .study import markdown
    from .train import Recipe

    settings = {f.name: getattr(given, f.name) for f in fields(Recipe) if f.name != "steps" and getattr(given, f.name, None) is not None}
    if given.name == "frontier":
        settings |= {"models": MODELS, "chart": given.chart}
    elif given.chart:
        raise SystemExit(f"--chart belongs to the study frontier; {given.name} draws nothing.")
    print(markdown(import_module(f".study_{given.name}", __package__).run(_data(given), given.work, given.steps, **settings)))


def _time(parser: argparse.ArgumentParser):
    """time models against each other: one thread, alternating runs, ratio to the first"""
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--output", default="1920x1080", help="size that each enlarges to, WIDTHxHEIGHT (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15)
    return _run_time


def _run_time(given: argparse.Namespace) -> None:
    from .runtime import Session, milliseconds

    width, height = (int(side) for side in given.output.split("x"))
    sessions = [Session(str(model)) for model in given.models]
    times = milliseconds(sessions, width, height, given.rounds)
    print(f"one thread, median of {given.rounds} alternating runs, frames of {width}x{height}")
    for model, session, taken in zip(given.models, sessions, times):
        scale = int(session.facts["scale"])
        print(f"{model.name:40} {f'from {width // scale}x{height // scale}':16} {taken:8.1f} ms {taken / times[0]:7.3f}")


def _peak(parser: argparse.ArgumentParser):
    """write the network that `srvid bench` measures a machine's int8 peak with"""
    from .peak import write

    parser.add_argument("--out", type=Path, default=MODELS.parent / "bench" / "models" / "int8-peak.onnx")
    return lambda given: write(given.out)


def _contact_sheet(parser: argparse.ArgumentParser):
    """write the picture of crops in docs/images: what presets make of text, a face, foliage and night"""
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--presets", default="abpn", help="srvid's presets or preset files, comma between them (default: %(default)s)")
    parser.add_argument("--scale", type=int, choices=(2, 3, 4), default=3, help="default: %(default)s")
    parser.add_argument("--models", type=Path, help="folder of other networks than srvid's own")
    _add_data(parser)
    return _run_contact_sheet


def _run_contact_sheet(given: argparse.Namespace) -> None:
    from .contact_sheet import contact_sheet

    options = ["--models", str(given.models)] if given.models else []
    contact_sheet(_data(given), given.presets.split(","), given.scale, options).save(given.out, optimize=True)
    print(f"{given.out}: {given.out.stat().st_size / 1024:.0f} kB")


def _fixture(parser: argparse.ArgumentParser):
    """write the small random network that srvid's own tests run"""
    parser.add_argument("--out", type=Path, default=MODELS.parent / "test" / "fixtures" / "models", help="default: %(default)s")
    return _run_fixture


def _run_fixture(given: argparse.Namespace) -> None:
    from .fixtures import write

    for file in write(given.out):
        print(file)


def _selftest(parser: argparse.ArgumentParser):
    """test this package by itself; needs no photographs"""
    return _run_selftest


def _run_selftest(given: argparse.Namespace) -> None:
    import unittest

    suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent), top_level_dir=str(MODELS))
    raise SystemExit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())


def _add_recipe(parser: argparse.ArgumentParser, recipe: type, named: set[str]) -> None:
    for field in fields(recipe):
        if field.name not in named:
            name, note = f"--{field.name.replace('_', '-')}", f"default: {field.default}"
            if field.type is bool:
                parser.add_argument(name, dest=field.name, action=argparse.BooleanOptionalAction, help=note)
            else:
                kind = _numbers if isinstance(field.default, tuple) else field.type
                parser.add_argument(name, dest=field.name, type=kind, choices=_choices(field.name), help=note)


def _numbers(text: str) -> tuple[int | float, ...]:
    """"1,0.7,0.5" """
    return tuple(int(number) if number.isdigit() else float(number) for number in text.split(","))


def _choices(option: str) -> list[str] | None:
    from .data import SHRINKING
    from .losses import LOSSES
    from .schedule import SCHEDULES
    from .train import OPTIMIZERS

    return {"optimizer": list(OPTIMIZERS), "loss": list(LOSSES), "schedule": list(SCHEDULES), "output": ["own", "clip", "linear"], "shrink": list(SHRINKING)}.get(option)


def _recipe(given: argparse.Namespace, recipe: type):
    return recipe(**{f.name: getattr(given, f.name) for f in fields(recipe) if getattr(given, f.name, None) is not None})


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=os.environ.get("SRVID_DATA"), help="folder with train/ and val/")


def _data(arguments: argparse.Namespace) -> Path:
    if not arguments.data:
        raise SystemExit("Which photographs? Give --data DIR or set SRVID_DATA to a folder that has train/ and val/.")
    folder = Path(arguments.data)
    missing = [name for name in ("train", "val") if not (folder / name).is_dir()]
    if missing:
        raise SystemExit(f"{folder} has no folder {' and no folder '.join(missing)}. It needs train/ (to learn from) and val/ (to choose by).")
    return folder


if __name__ == "__main__":
    main()
