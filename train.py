"""Finetune a face network, with masks, and validate it on people it never saw: python train.py --help."""

import sys
from typing import Any

from fdemd.cli import main


def run(config: dict[str, Any]) -> None:
    """Train one config; imported late, so that --help and mistakes are answered at once."""
    from fdemd.finetune import finetune

    finetune(config)


if __name__ == "__main__":
    sys.exit(main("train", run, "Finetune a face network and validate it on people it never saw."))
