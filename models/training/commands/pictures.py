"""Commands on the photographs: `verify`, `pack`, `compress`."""

import argparse
from pathlib import Path

from .options import MODELS, add_data, data_of

_SHOWN = 10
"""Names of each kind that `verify` prints."""


def verify(parser: argparse.ArgumentParser):
    """check the photographs against data.tsv: none missing, none changed, none that is not listed"""
    from ..data.listed import LIST

    parser.add_argument("--list", type=Path, default=LIST, help="default: %(default)s")
    add_data(parser)
    return _run_verify


def _run_verify(given: argparse.Namespace) -> None:
    from ..data.listed import differences

    data = data_of(given)
    found = differences(data, given.list)
    for kind, names in (("missing", found.missing), ("changed", found.changed), ("not listed", found.unlisted)):
        for name in names[:_SHOWN]:
            print(f"{kind}: {name}")
        if len(names) > _SHOWN:
            print(f"{kind}: {len(names) - _SHOWN} more")
    if found.any():
        raise SystemExit(f"The pictures below {data} are not those of {given.list}: {len(found.missing)} missing, {len(found.changed)} changed, {len(found.unlisted)} not listed.")
    print(f"{data}: the pictures of {given.list.name}, byte for byte")


def pack(parser: argparse.ArgumentParser):
    """write the photographs and this trainer into tar files of at most 55 MiB, for a training on another machine"""
    parser.add_argument("--out", type=Path, required=True, help="folder for part-01.tar and so on")
    parser.add_argument("--channels", type=int, choices=(1, 3), default=1, help="1: luma, in grey; 3: in colour (default: %(default)s)")
    parser.add_argument("--quality", type=int, default=90, help="of the JPEGs (default: %(default)s)")
    parser.add_argument("--size", type=float, default=1.0, help="shrink training pictures that come in JPEG to this size (default: %(default)s)")
    add_data(parser)
    return _run_pack


def _run_pack(given: argparse.Namespace) -> None:
    from ..data.pack import Packing, pack
    from ..train.recipe import Recipe

    for part in pack(data_of(given), given.out, Packing(given.channels, given.quality, given.size), MODELS / "training"):
        print(f"{part}: {part.stat().st_size / 2**20:.1f} MiB")
    if given.size != 1:
        sizes = [size / given.size for size in Recipe.lossy_sizes if size <= given.size]
        print(f"JPEGs are stored at {given.size:g} of their size: train with --lossy-sizes {','.join(f'{size:.4g}' for size in sizes)}")


def compress(parser: argparse.ArgumentParser):
    """make compressed video of the photographs, for networks that enlarge it; goes on where it stopped"""
    from ..data.video_pairs import SIDES, Settings

    parser.add_argument("--scale", type=int, choices=SIDES, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pairs")
    parser.add_argument("--rounds", type=int, default=Settings.rounds, help="shots of each photograph (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=Settings.seed, help="default: %(default)s")
    parser.add_argument("--centre", type=int, default=Settings.centre, help="CRF that is drawn most often, 0 for all alike (default: %(default)s)")
    parser.add_argument("--soft", type=float, default=Settings.soft, help="share of the shots that are blurred as lenses blur (default: %(default)s)")
    parser.add_argument("--coarse", action="store_true", help="strongly compressed video alone: x264 from CRF 30")
    parser.add_argument("--softest", type=float, default=Settings.softest, help="greatest deviation of that blur, in pixels of the large frames (default: %(default)s)")
    add_data(parser)
    return _run_compress


def _run_compress(given: argparse.Namespace) -> None:
    from ..data.video_pairs import Settings, make

    made = sum(1 for _ in make(data_of(given), given.out, Settings(given.scale, given.rounds, given.seed, given.soft, given.centre, given.softest, given.coarse)))
    print(f"{given.out}: {made} clips made, the others were there")
