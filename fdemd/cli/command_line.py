"""The command line of ``train.py`` and ``evaluate.py``: a few flags over Hydra's overrides, errors told as a sentence.

Hydra's own ``@hydra.main`` accepts no flags of ours and reports mistakes as tracebacks, so the configs are composed
here with its compose API. Nothing heavy is imported: ``--help`` and mistakes are answered at once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fdemd.cli.choice_help import choice_help
from fdemd.cli.configs import CONFIG_DIR, all_configs, own_folders, read_groups
from fdemd.cli.exit_status import exit_status
from fdemd.cli.help import About, flags_of, help_text
from fdemd.errors import InputError, unknown
from fdemd.files.user_paths import check_folder, expand_home
from fdemd.settings.section import Section

if TYPE_CHECKING:
    from fdemd.cli.overrides import SweepPoint

__all__ = ["CONFIG_DIR", "About", "DefaultSweep", "main", "plan"]

RERANK_OFF = "rerank=none"
CONFIG_DIR_FLAG = "--config-dir"


@dataclass(frozen=True)
class DefaultSweep:
    """A sweep for command lines that sweep over nothing themselves and do not say what is run.

    Attributes:
        word: The setting that is swept over, such as ``model=dlib,sface``.
        says_what_is_run: Matches the groups and settings that leave the sweep away once one of them is given.
    """

    word: str
    says_what_is_run: re.Pattern[str]


@dataclass(frozen=True)
class _Arguments:
    """The arguments of a command line: flags, settings, and the user's own folders of configs."""

    flags: frozenset[str]
    words: tuple[str, ...]
    folders: tuple[Path, ...]


def main(
    job: str,
    run: Callable[[Any], object],
    about: About | str,
    argv: Sequence[str] | None = None,
    config_dir: Path = CONFIG_DIR,
    schema: type[Section] | None = None,
    name: str | None = None,
    default_sweep: DefaultSweep | None = None,
    summarize: Callable[[Sequence[str], Sequence[Any]], object] | None = None,
) -> int:
    """Call ``run`` with the settings of each sweep point that the command line asks for; return the exit status.

    Every point is composed and checked before the first one runs.

    Args:
        job: Name of the primary config, ``evaluate`` or ``train``.
        run: Takes the settings of one point.
        about: What ``--help`` says of the command, or its summary alone.
        argv: The arguments; None for those of the program.
        config_dir: Folder of the primary config and its groups.
        schema: Type of the settings; None for that of ``job``.
        name: Name of the command, with which errors begin; None for that of ``job``.
        default_sweep: A sweep for command lines that neither sweep nor say what is run.
        summarize: Takes the labels and the results of the points of a sweep, once all of them have run.

    Returns:
        0, or 2 after an ``InputError`` (from the command line or from ``run``; one sentence on stderr, no further
        point is run), or 130 after Ctrl-C. Other exceptions are bugs and pass.
    """
    given = list(sys.argv[1:] if argv is None else argv)

    def work() -> None:
        arguments = _split(given)
        with own_folders(arguments.folders):
            if arguments.flags & {"--help", "-h"}:
                told = about if isinstance(about, About) else About(f"python {job}.py", about)
                configs = all_configs(config_dir)
                print(choice_help(arguments.words, read_groups(configs, job), configs) or help_text(job, told, configs))
                return
            points = _plan(job, arguments, config_dir, schema, default_sweep)
            results = []
            for number, point in enumerate(points, start=1):
                if len(points) > 1:
                    print(f"sweep {number}/{len(points)}: {point.label}", flush=True)
                results.append(run(point.settings))
            if summarize and len(points) > 1:
                summarize([point.label for point in points], results)

    return exit_status(name or job, work)


def plan(
    job: str,
    arguments: Sequence[str],
    config_dir: Path = CONFIG_DIR,
    schema: type[Section] | None = None,
    default_sweep: DefaultSweep | None = None,
) -> list[SweepPoint]:
    """Return the sweep points of a command line, at least one, in order. The arguments are those of :func:`main`.

    Raises:
        InputError: Something in ``arguments`` does not give complete, valid settings.
    """
    split = _split(arguments)
    with own_folders(split.folders):
        return _plan(job, split, config_dir, schema, default_sweep)


def _plan(
    job: str,
    arguments: _Arguments,
    config_dir: Path,
    schema: type[Section] | None,
    default_sweep: DefaultSweep | None,
) -> list[SweepPoint]:
    _check_flags(job, arguments)
    # Hydra takes a third of a second to import, which --help and mistakes in flags need not wait for.
    from fdemd.cli.overrides import Composer
    from fdemd.cli.session import composing
    from fdemd.settings.jobs import SCHEMAS

    words = [*arguments.words, *([RERANK_OFF] if "--no-rerank" in arguments.flags else [])]
    configs = all_configs(config_dir)
    with composing(configs):
        insist_rerank = "--rerank" in arguments.flags
        composer = Composer(job, read_groups(configs, job), schema or SCHEMAS[job], insist_rerank)
        alternatives = [composer.alternatives(word) for word in words]
        swept = [len(values) > 1 for values in alternatives]
        keys = [composer.full_key(value) for values in alternatives for value in values]
        if default_sweep and not any(swept) and not any(map(default_sweep.says_what_is_run.fullmatch, keys)):
            alternatives.append(composer.alternatives(default_sweep.word))
            swept.append(True)
        return [composer.point(overrides, swept) for overrides in product(*alternatives)]


def _split(arguments: Sequence[str]) -> _Arguments:
    """Tell flags from settings.

    Raises:
        InputError: A folder of configs is not there, or the flag for it has none.
    """
    flags, words, folders = set(), [], []
    rest = iter(arguments)
    for argument in rest:
        if argument.partition("=")[0] == CONFIG_DIR_FLAG:
            folder = argument.partition("=")[2] or next(rest, "")
            if not folder:
                raise InputError(f"{CONFIG_DIR_FLAG} needs a folder; write {CONFIG_DIR_FLAG} DIR.")
            folders.append(check_folder(expand_home(folder), "The folder of configs", f"change {CONFIG_DIR_FLAG}"))
        elif argument.startswith("-"):
            flags.add(argument)
        else:
            words.append(argument)
    return _Arguments(frozenset(flags), tuple(words), tuple(folders))


def _check_flags(job: str, arguments: _Arguments) -> None:
    """Raise ``InputError`` for a flag that ``job`` does not have, or for flags and words that contradict each other."""
    known = [flag.partition(" ")[0] for flag in flags_of(job)]
    for flag in sorted(arguments.flags - set(known)):
        if "=" in flag:
            raise InputError(f"unknown flag {flag!r}; settings are written without dashes: {flag.lstrip('-')}.")
        raise unknown("flag", flag, known)
    if arguments.flags >= {"--rerank", "--no-rerank"}:
        raise InputError("--rerank and --no-rerank contradict each other; keep one.")
    for word in arguments.words:
        if "--no-rerank" in arguments.flags and re.match(r"[+~]*rerank\b(?!\.)", word) and word != RERANK_OFF:
            raise InputError(f"--no-rerank and {word} contradict each other; keep one.")
