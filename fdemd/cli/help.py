"""The ``--help`` text of a job, read from its configs."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

from fdemd.cli.configs import MISSING, Configs, Group, flatten, read_groups, required_settings
from fdemd.settings.checking import show


@dataclass(frozen=True)
class About:
    """What a command says of itself.

    Attributes:
        program: How it is called, such as ``python evaluate.py``.
        summary: What it does, in a sentence.
        jobs: What each of its jobs does, by the name in the setting ``job``.
    """

    program: str
    summary: str
    jobs: Mapping[str, str] = field(default_factory=dict)


def flags_of(job: str) -> dict[str, str]:
    """Return the flags of ``job`` with their descriptions."""
    rerank = {
        "--rerank": "insist on re-ranking: refuse to run with rerank=none",
        "--no-rerank": "first-stage ranking only, the same as rerank=none",
    }
    return {
        **(rerank if job == "evaluate" else {}),
        "--config-dir DIR": "a folder of your own GROUP/CHOICE.yaml files, which come before those of fdemd",
        "-h": "the same as --help",
        "--help": "print this text, or with GROUP=CHOICE the settings of that choice",
    }


def help_text(job: str, about: About, configs: Configs) -> str:
    """Return the ``--help`` text of ``job``, wrapped to the width of the terminal."""
    groups = read_groups(configs, job)
    settings = dict(
        node
        for config in configs.primary(job)
        for node in flatten({key: value for key, value in config.items() if key != "defaults"})
        if not isinstance(node[1], dict)
    )
    flags = flags_of(job)
    usage = " | ".join(flag for flag in flags if flag not in ("-h", "--config-dir DIR"))
    lines = _wrap(f"usage: {about.program} ", f"[{usage}] [--config-dir DIR] [KEY=VALUE ...]")
    lines += ["", *_wrap("", about.summary)]
    lines += ["", "Flags:", *_table("  ", flags)]
    if about.jobs:
        lines += ["", "Jobs (the setting job; an experiment or the data choose theirs):", *_table("  ", about.jobs)]
    lines += ["", "Groups, set with GROUP=CHOICE (* marks the default):"]
    for group in groups.values():
        lines += [f"  {group.key}{_note(group)}"]
        marked = {f"{'*' if name in group.selected else ' '} {name}": text for name, text in group.choices.items()}
        lines += _table("    ", marked)
    lines += ["", "Settings and their defaults, set with KEY=VALUE:"]
    lines += _table("  ", {key: "(required)" if value == MISSING else show(value) for key, value in settings.items()})
    rules = (
        f"A choice has settings of its own: {about.program} GROUP=CHOICE --help prints them. Set them with "
        "GROUP.KEY=VALUE, or KEY=VALUE if no other has KEY."
    )
    sweeps = "Values separated by commas (A,B) are run one after the other; a list ([A,B]) is one value."
    lines += ["", *_wrap("", rules), *_wrap("", sweeps), "", "Examples:"]
    required = [f"{key}={_placeholder(key)}" for key, value in settings.items() if value == MISSING]
    lines += [" ".join([f"  {about.program}", *required, *example]) for example in _examples(job, groups, configs)]
    lines += ["", "All settings, a commented line each, are in", *(f"  {folder}" for folder in configs.folders)]
    return "\n".join(lines)


def _note(group: Group) -> str:
    """Return what is particular about setting ``group``, to stand after its name."""
    if not group.in_job:
        return f"  (not used unless added: +{group.key}=CHOICE)"
    if group.several:
        return f"  (one, or several: {group.key}=[A,B])"
    return "" if group.selected else "  (none by default)"


def _examples(job: str, groups: dict[str, Group], configs: Configs) -> list[list[str]]:
    """Return the arguments of a few example commands, made of choices that exist."""
    examples: list[list[str]] = [[]]
    varied = [group for group in groups.values() if group.in_job and len(group.choices) > 1]
    single = next((group for group in varied if not group.several), None)
    several = next((group for group in varied if group.several), None)
    if single:
        other = next(name for name in single.choices if name not in single.selected)
        needed = [f"{key}={_placeholder(key)}" for key in required_settings(configs, single.key, other)]
        examples.append([f"{single.key}={other}", *needed])
    if several:
        pair = ",".join(list(several.choices)[:2])
        examples += [[f'"{several.key}=[{pair}]"'], [f"{several.key}={pair}"]]
    if "--no-rerank" in flags_of(job):
        examples.append(["--no-rerank"])
    return examples


def _placeholder(key: str) -> str:
    return key.rpartition(".")[2].upper()


def _table(indent: str, rows: Mapping[str, str]) -> list[str]:
    """Return two aligned columns, the second wrapped."""
    width = max(map(len, rows), default=0)
    return [line for name, text in rows.items() for line in _wrap(f"{indent}{name:<{width}}  ", text)]


def _wrap(start: str, text: str) -> list[str]:
    """Return ``text`` after ``start``, wrapped to the terminal with the following lines aligned."""
    width = max(shutil.get_terminal_size().columns - 1, len(start) + 20)
    return textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * len(start)) or [start.rstrip()]
