"""Commands that write files to ship: `export`, `lower`, `card`, `peak`, `contact-sheet`."""

import argparse
from pathlib import Path

from .options import MODELS, add_data, data_of


def export(parser: argparse.ArgumentParser):
    """write a run's float and int8 models, their manifest entries and their card; of LPIENet, the float one alone"""
    from ..quantise.calibrate import METHODS, PERCENTILE

    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the models (default: %(default)s)")
    parser.add_argument("--calibration", choices=METHODS, default="minmax")
    parser.add_argument("--percentile", type=float, default=PERCENTILE, help="share of the values that the calibration percentile keeps (default: %(default)s)")
    parser.add_argument("--crops", type=int, default=100, help="pictures to calibrate on (default: %(default)s)")
    parser.add_argument("--qat", type=Path, help="run of the fine-tuned int8 network, to be shipped in place of the plainly quantised one")
    parser.add_argument("--keep-unlowered", type=Path, metavar="DIR", help="write <id>-unlowered.onnx there too, for benchmarks")
    parser.add_argument("--cache", type=Path, help="folder that `compress` wrote: compressed video to measure on, too")
    add_data(parser)
    return _run_export


def _run_export(given: argparse.Namespace) -> None:
    from ..quantise.fidelity import Refused
    from ..quantise.lower import NotEqual
    from ..ship.export import Choices, export
    from ..ship.restoring import export_restoring
    from ..train.checkpoint import recipe_of_run

    choices = Choices(given.calibration, given.percentile, given.crops, given.qat, given.keep_unlowered, given.cache)
    made = export if recipe_of_run(given.run).task == "enlarge" else export_restoring
    try:
        print(*made(given.run, data_of(given), given.out, choices), sep="\n")
    except (Refused, NotEqual) as refusal:
        raise SystemExit(str(refusal)) from refusal


def lower(parser: argparse.ArgumentParser):
    """rewrite a QDQ model, bit-exactly, into the shapes of ONNX Runtime's fast int8 convolution"""
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--output-multiple", type=int, default=4, help="of output channels: 4 suits AVX-512, 8 AVX2 (default: %(default)s)")
    return _run_lower


def _run_lower(given: argparse.Namespace) -> None:
    import onnx

    from ..quantise.lower import NotEqual, lower, prove_equal

    model = onnx.load(given.input)
    lowered = lower(model, given.output_multiple)
    try:
        prove_equal(model, lowered)
    except NotEqual as difference:
        raise SystemExit(str(difference)) from difference
    onnx.save(lowered, given.output)
    print(f"{given.output}: the same bytes as {given.input}")


def card(parser: argparse.ArgumentParser):
    """write cards anew from the shipped files and the manifest"""
    parser.add_argument("names", nargs="*", help="abpn-x3 ...; all, if none is named")
    parser.add_argument("--models", type=Path, default=MODELS, help="default: %(default)s")
    parser.add_argument("--measure", action="store_true", help="run the files again first and put the figures into the manifest (needs --data)")
    add_data(parser)
    return _run_card


def _run_card(given: argparse.Namespace) -> None:
    from ..ship import card, manifest, pcsr_card, restoring_card

    chosen = given.names or manifest.cards(given.models)
    bundles = [name for name in chosen if pcsr_card.is_bundle(name)]
    restoring = [name for name in chosen if restoring_card.is_restoring(given.models, name)]
    enlarging = [name for name in chosen if name not in (*bundles, *restoring)]
    if given.measure:
        from ..ship.export import measure_again

        measure_again(given.models, enlarging, data_of(given))
    for _ in bundles:
        print(pcsr_card.write(given.models))
    for name in restoring:
        print(restoring_card.write(given.models, name))
    for name in enlarging:
        for file in card.write(given.models, name):
            print(file)


def recipes(parser: argparse.ArgumentParser):
    """write a script for each shipped card that makes its network again"""
    from ..ship.again import SCRIPTS

    parser.add_argument("--models", type=Path, default=MODELS, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=SCRIPTS, help="default: %(default)s")
    return _run_recipes


def _run_recipes(given: argparse.Namespace) -> None:
    from ..ship import card
    from ..ship.again import script

    given.out.mkdir(parents=True, exist_ok=True)
    for name in card.names(given.models):
        (given.out / f"{name}.sh").write_text(script(name, given.models))
        print(given.out / f"{name}.sh")


def peak(parser: argparse.ArgumentParser):
    """write the network that `srvid bench` measures a machine's int8 peak with"""
    from ..ship.peak import write

    parser.add_argument("--out", type=Path, default=MODELS.parent / "bench" / "models" / "int8-peak.onnx")
    return lambda given: write(given.out)


def contact_sheet(parser: argparse.ArgumentParser):
    """write the picture of crops in docs/images: what presets make of text, a face, foliage and night"""
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--presets", default="abpn", help="srvid's presets or preset files, comma between them (default: %(default)s)")
    parser.add_argument("--scale", type=int, choices=(2, 3, 4), default=3, help="default: %(default)s")
    parser.add_argument("--models", type=Path, help="folder of other networks than srvid's own")
    parser.add_argument("--noise", type=float, metavar="SIGMA", help="show noise of so many levels instead, and what ffmpeg's filters and srvid's networks leave of it")
    add_data(parser)
    return _run_contact_sheet


def _run_contact_sheet(given: argparse.Namespace) -> None:
    from ..ship.contact_sheet import contact_sheet
    from ..ship.restored_sheet import restored_sheet

    if given.noise:
        made = restored_sheet(data_of(given), given.models or MODELS, given.noise)
    else:
        made = contact_sheet(data_of(given), given.presets.split(","), given.scale, ["--models", str(given.models)] if given.models else [])
    made.save(given.out, optimize=True)
    print(f"{given.out}: {given.out.stat().st_size / 1024:.0f} kB")
