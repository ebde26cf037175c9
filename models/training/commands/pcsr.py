"""Commands of PCSR, whose networks are bundles for any scale: `pcsr-train`, `pcsr-export`, `pcsr-evaluate`, `pcsr-chart`,
`pcsr-maps`."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from .options import MODELS, add_data, add_recipe, data_of, recipe_of

COLOURS = 64
"""Colours of a map, which keep its file small."""


def pcsr_train(parser: argparse.ArgumentParser):
    """train PCSR, backbone and heavy head first, then light head and classifier; continues a run found in --run"""
    from ..train.pcsr import PcsrRecipe, train_pcsr

    parser.add_argument("--run", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--from", dest="start_from", type=Path, help="pcsr-backbone-fp32.onnx beside the rest of its bundle, to go on from it; or a float ONNX model of this trainer whose first convolutions the backbone starts as")
    parser.add_argument("--base", type=Path, help="run to begin from; with --steps 0 its backbone and heavy head stay as they are, and --light may be another")
    add_recipe(parser, PcsrRecipe, set())
    add_data(parser)
    parser.add_argument("--validate-every", type=int, default=2000, help="steps between two validations, each of which writes the checkpoint (default: %(default)s)")
    return lambda given: train_pcsr(recipe_of(given, PcsrRecipe), data_of(given), given.run, given.start_from, given.base, given.validate_every)


def pcsr_export(parser: argparse.ArgumentParser):
    """write PCSR's float and int8 bundles, their manifest entries and their card"""
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the models (default: %(default)s)")
    parser.add_argument("--crops", type=int, default=96, help="crops to calibrate on (default: %(default)s)")
    add_data(parser)
    return _run_export


def _run_export(given: argparse.Namespace) -> None:
    from ..quantise.fidelity import Refused
    from ..quantise.lower import NotEqual
    from ..ship.pcsr import export_pcsr

    try:
        print(*export_pcsr(given.run, data_of(given), given.out, given.crops, MODELS), sep="\n")
    except (Refused, NotEqual) as refusal:
        raise SystemExit(str(refusal)) from refusal


def pcsr_evaluate(parser: argparse.ArgumentParser):
    """Y-PSNR of PCSR at any scales and by any decisions, beside bicubic and networks of whole scales"""
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the models (default: %(default)s)")
    parser.add_argument("--folder", type=Path, required=True, help="high-resolution pictures")
    parser.add_argument("--mosaic", action="store_true", help="four pictures in one")
    parser.add_argument("--scales", default="1.5,2,2.25,3,4", help="default: %(default)s")
    parser.add_argument("--k", default="-25,0,25,adaptive", help="weights of the costs in the decision; -25 is all heavy, 25 all light (default: %(default)s). Write --k=-25,0")
    parser.add_argument("--precisions", default="fp32,int8", help="default: %(default)s")
    parser.add_argument("--beside", default="abpn,xlsr,swift,best", help="families to compare with, in int8 (default: %(default)s)")
    parser.add_argument("--refine", action="store_true", help="each decision also with refinement")
    parser.add_argument("--json", action="store_true", help="rows as JSON in place of the table")
    return _run_evaluate


def _run_evaluate(given: argparse.Namespace) -> None:
    from ..measure.pcsr import Bundle
    from ..measure.real_scales import evaluated, pictures, table

    bundles = {precision: Bundle.of(given.models, precision) for precision in _words(given.precisions)}
    scales = [float(word) for word in _words(given.scales)]
    rows = evaluated(bundles, MODELS, _words(given.beside), pictures(given.folder, given.mosaic), scales, _decisions(given.k), (False, True) if given.refine else (False,))
    print(json.dumps([asdict(row) for row in rows], indent=2) if given.json else table(rows))


def pcsr_chart(parser: argparse.ArgumentParser):
    """draw quality against time from rows of pcsr-evaluate --json and a table of times"""
    parser.add_argument("--rows", type=Path, required=True, help="JSON that `pcsr-evaluate --json` printed")
    parser.add_argument("--times", type=Path, required=True, help="TSV with the columns method, scale, ms; methods by the names of the rows")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    return _run_chart


def _run_chart(given: argparse.Namespace) -> None:
    from ..studies.pcsr import chart

    chart(json.loads(given.rows.read_text()), given.times, given.out)
    print(given.out)


def pcsr_maps(parser: argparse.ArgumentParser):
    """write pictures of the decisions, and the crop that refinement helps most"""
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the models (default: %(default)s)")
    parser.add_argument("--folder", type=Path, required=True, help="high-resolution pictures")
    parser.add_argument("--pictures", default="0,1,2", help="their numbers in the order of their names (default: %(default)s)")
    parser.add_argument("--scale", type=float, default=3.0, help="default: %(default)s")
    parser.add_argument("--k", default="0,adaptive", help="a column for each; write --k=-0.5,0 (default: %(default)s)")
    parser.add_argument("--precision", choices=("int8", "fp32"), default="int8", help="default: %(default)s")
    parser.add_argument("--out", type=Path, required=True, help="PNG of the maps")
    parser.add_argument("--refinement", type=Path, help="PNG of a crop: without refinement, with it, the truth, the map")
    return _run_maps


def _run_maps(given: argparse.Namespace) -> None:
    from ..measure.pcsr import Bundle
    from ..studies.pcsr import maps, refinement

    bundle, ks = Bundle.of(given.models, given.precision), _decisions(given.k)
    maps(bundle, given.folder, [int(word) for word in _words(given.pictures)], given.scale, ks).quantize(COLOURS).save(given.out, optimize=True)
    print(given.out)
    if given.refinement:
        made, place = refinement(bundle, given.folder, given.scale, ks[0])
        made.save(given.refinement, optimize=True)
        print(f"{given.refinement}: {place}")


def _decisions(text: str) -> list[float | str]:
    return [word if word == "adaptive" else float(word) for word in _words(text)]


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]
