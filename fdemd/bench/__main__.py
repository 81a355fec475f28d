"""``python -m fdemd.bench backbones``; each benchmark is a module with ``add_arguments`` and ``run``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fdemd.bench import backbones, detect, emd, gallery, stage1, training, training_input
from fdemd.cli.exit_status import exit_status

BENCHMARKS = {
    "backbones": backbones,
    "detect": detect,
    "emd": emd,
    "gallery": gallery,
    "input": training_input,
    "stage1": stage1,
    "training": training,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a benchmark; return the exit status: 0, 2 after an InputError, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="fdemd bench", description="Speed on this machine.")
    commands = parser.add_subparsers(dest="benchmark", required=True)
    for name, benchmark in BENCHMARKS.items():
        description = (benchmark.__doc__ or "").partition("\n")[0]
        benchmark.add_arguments(commands.add_parser(name, help=description, description=description))
    arguments = parser.parse_args(argv)
    return exit_status("bench", lambda: BENCHMARKS[arguments.benchmark].run(arguments))


if __name__ == "__main__":
    sys.exit(main())
