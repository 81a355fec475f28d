"""The commands that run jobs: ``evaluate`` and ``train``."""

from __future__ import annotations

from collections.abc import Sequence

from fdemd.cli.exit_status import exit_status

_SUMMARIES = {
    "evaluate": "Rank a gallery of faces for every query, then re-rank by Earth Mover's Distance.",
    "train": "Finetune a face network and validate it on people it never saw.",
}


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


def _run(config: str, argv: Sequence[str] | None, program: str) -> int:
    def work() -> int:
        # Imported here, so that Ctrl-C is answered in a line while it is.
        from fdemd.cli.command_line import About, main
        from fdemd.jobs import JOBS, run

        jobs = {
            name: f"{job.summary} (trains networks)" if job.trains else job.summary
            for name, job in JOBS.items()
            if job.config == config
        }
        return main(config, run, About(program, _SUMMARIES[config], jobs if len(jobs) > 1 else {}), argv)

    return exit_status(config, work)
