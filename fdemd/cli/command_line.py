"""The command line of ``train.py`` and ``evaluate.py``: a few flags over Hydra's overrides, errors told as a sentence.

Hydra's own ``@hydra.main`` accepts no flags of ours and reports mistakes as tracebacks, so the configs are composed
here with its compose API. Nothing heavy is imported: ``--help`` and mistakes are answered at once.
"""

import re
import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir

from fdemd.cli.exit_status import exit_status
from fdemd.cli.help import flags_of, help_text, read_groups
from fdemd.cli.overrides import Composer, Point
from fdemd.errors import InputError, unknown
from fdemd.settings.jobs import JOBS
from fdemd.settings.section import Section

CONFIG_DIR = Path(__file__).resolve().parents[2] / "configs"
RERANK_OFF = "rerank=none"


def main(
    job: str,
    run: Callable[[Any], None],
    description: str,
    argv: Sequence[str] | None = None,
    config_dir: Path = CONFIG_DIR,
    schema: type[Section] | None = None,
) -> int:
    """Call ``run`` with the config of each sweep point that the command line asks for; return the exit status.

    ``job`` names the primary config, ``run`` gets it as typed settings. Every point is composed and
    checked against ``schema``, by default the job's own, before the first one runs. The status is 0, or 2 after an
    ``InputError`` (from the command line or from ``run``; one sentence on stderr, no further point is run), or 130
    after Ctrl-C. Other exceptions are bugs and pass.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)

    def work() -> None:
        if "--help" in arguments or "-h" in arguments:
            print(help_text(job, description, config_dir))
            return
        points = plan(job, arguments, config_dir, schema)
        for number, point in enumerate(points, start=1):
            if len(points) > 1:
                print(f"sweep {number}/{len(points)}: {point.label}", flush=True)
            run(point.settings)

    return exit_status(job, work)


def plan(
    job: str, arguments: Sequence[str], config_dir: Path = CONFIG_DIR, schema: type[Section] | None = None
) -> list[Point]:
    """Return the sweep points of a command line, at least one, in order.

    Raises ``InputError`` for whatever in ``arguments`` does not give a complete, valid config.
    """
    flags = {argument for argument in arguments if argument.startswith("-")}
    words = [argument for argument in arguments if not argument.startswith("-")]
    _check_flags(job, flags, words)
    if "--no-rerank" in flags:
        words.append(RERANK_OFF)
    with initialize_config_dir(str(config_dir.resolve()), version_base=None):
        composer = Composer(job, read_groups(config_dir, job), schema or JOBS[job], insist_rerank="--rerank" in flags)
        alternatives = [composer.alternatives(word) for word in words]
        swept = [len(values) > 1 for values in alternatives]
        return [composer.point(overrides, swept) for overrides in product(*alternatives)]


def _check_flags(job: str, flags: set[str], words: list[str]) -> None:
    """Raise ``InputError`` for a flag that ``job`` does not have, or for flags and words that contradict each other."""
    known = flags_of(job)
    for flag in sorted(flags - set(known)):
        if "=" in flag:
            raise InputError(f"unknown flag {flag!r}; settings are written without dashes: {flag.lstrip('-')}.")
        raise unknown("flag", flag, known)
    if {"--rerank", "--no-rerank"} <= flags:
        raise InputError("--rerank and --no-rerank contradict each other; keep one.")
    for word in words:
        if "--no-rerank" in flags and re.match(r"[+~]*rerank\b(?!\.)", word) and word != RERANK_OFF:
            raise InputError(f"--no-rerank and {word} contradict each other; keep one.")
