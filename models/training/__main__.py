"""`python -m training COMMAND`, run from the folder `models`. `--data DIR` or SRVID_DATA names the photographs."""

import argparse

from .commands import measuring, pcsr, pictures, shipping, testing, training
from .train.memory import keep_freed_memory

COMMANDS = (
    training.train,
    training.average,
    training.qat,
    pcsr.pcsr_train,
    pcsr.pcsr_export,
    pcsr.pcsr_evaluate,
    pcsr.pcsr_chart,
    pcsr.pcsr_maps,
    pictures.verify,
    pictures.pack,
    pictures.compress,
    shipping.export,
    shipping.lower,
    measuring.evaluate,
    shipping.card,
    shipping.recipes,
    measuring.study,
    measuring.time,
    measuring.restoration,
    shipping.peak,
    shipping.contact_sheet,
    testing.fixture,
    testing.selftest,
)
"""In the order of the help. Each adds its options to a parser and returns the function that runs it; its docstring is its help."""


def main() -> None:
    """Parse the command line and run the command it names."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for add in COMMANDS:
        command = commands.add_parser(add.__name__.replace("_", "-"), help=add.__doc__, description=add.__doc__)
        command.set_defaults(run_command=add(command))
    arguments = parser.parse_args()
    keep_freed_memory()
    arguments.run_command(arguments)


if __name__ == "__main__":
    main()
