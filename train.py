"""Finetune a face network, with masks, and validate it on people it never saw: python train.py --help."""

import sys
from typing import Any

from fdemd.cli.exit_status import exit_status


def run(settings: Any) -> None:
    """Train one config; imported late, so that --help and mistakes are answered at once."""
    from fdemd.jobs.finetune import finetune

    finetune(settings)


def main() -> int:
    """Read the command line, and train; imported late, so that Ctrl-C is answered while it is."""
    from fdemd.cli.command_line import main

    return main("train", run, "Finetune a face network and validate it on people it never saw.")


if __name__ == "__main__":
    sys.exit(exit_status("train", main))
