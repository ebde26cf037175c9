"""Commands that test: `fixture`, `selftest`."""

import argparse
from pathlib import Path

from .options import MODELS


def fixture(parser: argparse.ArgumentParser):
    """write the small random networks that srvid's own tests run"""
    parser.add_argument("--out", type=Path, default=MODELS.parent / "test" / "fixtures" / "models", help="default: %(default)s")
    return _run_fixture


def _run_fixture(given: argparse.Namespace) -> None:
    from ..tests.fixtures import write, write_restoring

    for file in [*write(given.out), *write_restoring(given.out / "restoring")]:
        print(file)


def selftest(parser: argparse.ArgumentParser):
    """test this package by itself; needs no photographs"""
    return _run_selftest


def _run_selftest(given: argparse.Namespace) -> None:
    import unittest

    suite = unittest.defaultTestLoader.discover(str(MODELS / "training" / "tests"), top_level_dir=str(MODELS))
    raise SystemExit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
