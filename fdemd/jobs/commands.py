"""The commands that run jobs: ``evaluate``, ``train`` and ``calibrate``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fdemd.cli.exit_status import exit_status

if TYPE_CHECKING:
    from fdemd.settings.jobs import Evaluate

_SWEEPS = {"evaluate": "model=dlib,sface"}
"""Re-ranking does not do the same for a weak network and for a strong one, so that one of each is shown."""
_SAYS_WHAT_IS_RUN = re.compile(r"(model|data|experiment|job)(@.*)?|model\..*|data\.(root|manifest)")
"""Groups and settings; a command line with any of them is run as it stands, without a sweep of ours."""
_SUMMARIES = {
    "evaluate": "Rank a gallery of faces for every query, then re-rank by Earth Mover's Distance. If no network, data "
    f"or experiment is chosen: {_SWEEPS['evaluate']}.",
    "train": "Finetune a face network and validate it on people it never saw.",
}
_CALIBRATE = (
    "Find out from a gallery's own photographs, with covers drawn on them, what a covered face looks like to a "
    "network and how far to trust the second stage then: for rerank.alpha=calibrated. Of the settings of evaluate, "
    "model, data, rerank, features, trainer, seed and output play a part."
)


def evaluate(argv: Sequence[str] | None = None, program: str = "fdemd evaluate") -> int:
    """Run what a command line of ``configs/evaluate.yaml`` asks for; return the exit status.

    Args:
        argv: The arguments; None for those of the program.
        program: How it was called, for ``--help``.
    """
    return _run("evaluate", argv, program)


def train(argv: Sequence[str] | None = None, program: str = "fdemd train") -> int:
    """Run what a command line of ``configs/train.yaml`` asks for; as :func:`evaluate`."""
    return _run("train", argv, program)


def calibrate(argv: Sequence[str] | None = None, program: str = "fdemd calibrate") -> int:
    """Calibrate the network and gallery of a command line of ``configs/evaluate.yaml``; as :func:`evaluate`."""

    def work() -> int:
        from fdemd.cli.command_line import About, main

        def run(settings: Evaluate) -> None:
            from fdemd.jobs.calibrate import calibrate  # torch takes seconds to import; mistakes are told at once
            from fdemd.jobs.named_files import check_named_files

            check_named_files(settings)
            calibrate(settings)

        return main("evaluate", run, About(program, _CALIBRATE), argv, name="calibrate")

    return exit_status("calibrate", work)


def _run(config: str, argv: Sequence[str] | None, program: str) -> int:
    def work() -> int:
        # Imported here, so that Ctrl-C is answered in a line while it is.
        from fdemd.cli.command_line import About, DefaultSweep, main
        from fdemd.jobs import JOBS, run

        jobs = {
            name: f"{job.summary} (trains networks)" if job.trains else job.summary
            for name, job in JOBS.items()
            if job.config == config
        }
        about = About(program, _SUMMARIES[config], jobs if len(jobs) > 1 else {})
        sweep = DefaultSweep(_SWEEPS[config], _SAYS_WHAT_IS_RUN) if config in _SWEEPS else None
        return main(config, run, about, argv, default_sweep=sweep, summarize=_summarize)

    return exit_status(config, work)


def _summarize(labels: Sequence[str], reports: Sequence[Any]) -> None:
    """Print the identifications of a sweep side by side; other jobs have no figures in common."""
    from fdemd.report.identification import IdentificationReport
    from fdemd.report.side_by_side import side_by_side
    from fdemd.report.table import print_tables

    if all(isinstance(report, IdentificationReport) for report in reports):
        print_tables(side_by_side(labels, reports))
