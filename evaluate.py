"""Rank a gallery of faces for every query, re-rank by Earth Mover's Distance, and report: python evaluate.py --help."""

import sys
from typing import Any

from fdemd.cli.exit_status import exit_status


def run(settings: Any) -> None:
    """Evaluate one config; imported late, so that --help and mistakes are answered at once."""
    if settings.table4:
        from fdemd.jobs.table4 import table4

        table4(settings)
    elif settings.trials:
        from fdemd.jobs.seeds import trials

        trials(settings)
    elif settings.study:
        from fdemd.jobs.study import study

        study(settings)
    elif settings.open_set:
        from fdemd.jobs.open_set import open_set

        open_set(settings)
    elif hasattr(settings.data, "pairs"):
        from fdemd.jobs.verify import verify

        verify(settings)
    else:
        from fdemd.jobs.evaluate import evaluate

        evaluate(settings)


def main() -> int:
    """Read the command line, and evaluate; imported late, so that Ctrl-C is answered while it is."""
    from fdemd.cli.command_line import main

    return main("evaluate", run, "Rank a gallery of faces for every query, then re-rank by Earth Mover's Distance.")


if __name__ == "__main__":
    sys.exit(exit_status("evaluate", main))
