"""What a job's command line offers, read from its config directory, and the ``--help`` text that says so."""

import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from fdemd.settings.checking import show

MISSING = "???"


@dataclass(frozen=True)
class Group:
    """A config group: a folder of yaml files; ``key=choice`` selects one (or several, if the default is a list)."""

    key: str
    choices: dict[str, str]
    """The description of each choice."""
    default: str | list[str] | None
    in_job: bool
    """Whether the job's defaults list has the group; if not, it has to be added with ``+key=choice``."""

    @property
    def several(self) -> bool:
        """Whether the group takes a list of choices."""
        return isinstance(self.default, list)

    @property
    def selected(self) -> list[str]:
        """The choices on by default."""
        return self.default if isinstance(self.default, list) else [self.default] if self.default else []


def flags_of(job: str) -> dict[str, str]:
    """Return the flags of ``job`` with their descriptions."""
    rerank = {
        "--rerank": "insist on re-ranking: refuse to run with rerank=none",
        "--no-rerank": "first-stage ranking only, the same as rerank=none",
    }
    return {**(rerank if job == "evaluate" else {}), "-h": "the same as --help", "--help": "print this text"}


def read_groups(config_dir: Path, job: str) -> dict[str, Group]:
    """Return every config group under ``config_dir`` by key, with the defaults of ``configs/<job>.yaml``."""
    folders: dict[str, dict[str, str]] = {}
    addable = set()  # groups whose choices change the job's settings; added, all others would have no effect
    for path in sorted(config_dir.rglob("*.yaml")):
        if path.parent != config_dir:
            folder = path.parent.relative_to(config_dir).as_posix()
            choices = folders.setdefault(folder, {})
            if _is_for(path, job):
                choices[path.stem] = _description(path)
                if "@package _global_" in _comments(path):
                    addable.add(folder)
    groups = {}
    for config in _primary_configs(config_dir, job):
        for entry in config.get("defaults", []):
            for name, default in entry.items() if isinstance(entry, dict) else ():
                # "optional experiment", "override /model" and "model@teacher" are all keys of a defaults list.
                key = name.split()[-1].lstrip("/")
                if not key.startswith("hydra/"):
                    groups[key] = Group(key, folders.get(key.partition("@")[0], {}), default, in_job=True)
    used = {key.partition("@")[0] for key in groups}
    others = {key: Group(key, folders[key], None, in_job=False) for key in addable - used}
    return dict(sorted({**groups, **others}.items()))


def help_text(job: str, description: str, config_dir: Path) -> str:
    """Return the ``--help`` text of ``job``, wrapped to the width of the terminal."""
    groups = read_groups(config_dir, job)
    settings = dict(
        node
        for config in _primary_configs(config_dir, job)
        for node in flatten({key: value for key, value in config.items() if key != "defaults"})
        if not isinstance(node[1], dict)
    )
    flags = flags_of(job)
    usage = " | ".join(flag for flag in flags if flag != "-h")
    lines = [f"usage: python {job}.py [{usage}] [KEY=VALUE ...]", "", *_wrap("", description), "", "Flags:"]
    lines += _table("  ", flags)
    lines += ["", "Groups, set with GROUP=CHOICE (* marks the default):"]
    for group in groups.values():
        lines += [f"  {group.key}{_note(group)}"]
        marked = {f"{'*' if name in group.selected else ' '} {name}": text for name, text in group.choices.items()}
        lines += _table("    ", marked)
    lines += ["", "Settings and their defaults, set with KEY=VALUE:"]
    lines += _table("  ", {key: "(required)" if value == MISSING else show(value) for key, value in settings.items()})
    where = f"{config_dir.name}/GROUP/CHOICE.yaml"
    rules = f"The settings of a choice are in {where}; set them with GROUP.KEY=VALUE, or KEY=VALUE if no other has KEY."
    sweeps = "Values separated by commas (A,B) are run one after the other; a list ([A,B]) is one value."
    lines += ["", *_wrap("", rules), *_wrap("", sweeps), "", "Examples:"]
    required = [f"{key}={_placeholder(key)}" for key, value in settings.items() if value == MISSING]
    lines += [" ".join([f"  python {job}.py", *required, *example]) for example in _examples(job, groups, config_dir)]
    return "\n".join(lines)


def required_settings(config_dir: Path, key: str, choice: str) -> list[str]:
    """Return the keys of the settings that have to be given once ``key=choice`` is selected."""
    folder = key.partition("@")[0]
    config: Any = OmegaConf.to_container(OmegaConf.load(config_dir / folder / f"{choice}.yaml"), resolve=False)
    return [f"{folder.replace('/', '.')}.{name}" for name, value in flatten(config) if value == MISSING]


def flatten(node: dict[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of every node below ``node``, sections before what they hold."""
    for name, value in node.items():
        key = f"{prefix}{name}"
        yield key, value
        if isinstance(value, dict):
            yield from flatten(value, f"{key}.")


def _primary_configs(config_dir: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the config ``name`` after the plain configs (``- base``) that its defaults list names."""
    config: Any = OmegaConf.to_container(OmegaConf.load(config_dir / f"{name}.yaml"), resolve=False)
    for entry in config.get("defaults", []):
        if isinstance(entry, str) and entry != "_self_":
            yield from _primary_configs(config_dir, entry.lstrip("/"))
    yield config


def _is_for(path: Path, job: str) -> bool:
    """Whether a choice can be made for ``job``: any, unless it has a comment ``@job NAME`` of another one."""
    jobs = [comment.split()[1] for comment in _comments(path) if comment.startswith("@job ")]
    return not jobs or job in jobs


def _description(path: Path) -> str:
    """Return the first comment line of a yaml file that is not a directive, or an empty string."""
    return next((comment for comment in _comments(path) if comment and not comment.startswith("@")), "")


def _comments(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip("# ") for line in lines if line.startswith("#")]


def _note(group: Group) -> str:
    """Return what is particular about setting ``group``, to stand after its name."""
    if not group.in_job:
        return f"  (not used unless added: +{group.key}=CHOICE)"
    if group.several:
        return f"  (one, or several: {group.key}=[A,B])"
    return "" if group.selected else "  (none by default)"


def _examples(job: str, groups: dict[str, Group], config_dir: Path) -> list[list[str]]:
    """Return the arguments of a few example commands, made of choices that exist."""
    examples: list[list[str]] = [[]]
    varied = [group for group in groups.values() if group.in_job and len(group.choices) > 1]
    single = next((group for group in varied if not group.several), None)
    several = next((group for group in varied if group.several), None)
    if single:
        other = next(name for name in single.choices if name not in single.selected)
        needed = [f"{key}={_placeholder(key)}" for key in required_settings(config_dir, single.key, other)]
        examples.append([f"{single.key}={other}", *needed])
    if several:
        pair = ",".join(list(several.choices)[:2])
        examples += [[f"{several.key}=[{pair}]"], [f"{several.key}={pair}"]]
    if "--no-rerank" in flags_of(job):
        examples.append(["--no-rerank"])
    return examples


def _placeholder(key: str) -> str:
    return key.rpartition(".")[2].upper()


def _table(indent: str, rows: dict[str, str]) -> list[str]:
    """Return two aligned columns, the second wrapped."""
    width = max(map(len, rows), default=0)
    return [line for name, text in rows.items() for line in _wrap(f"{indent}{name:<{width}}  ", text)]


def _wrap(start: str, text: str) -> list[str]:
    """Return ``text`` after ``start``, wrapped to the terminal with the following lines aligned."""
    width = max(shutil.get_terminal_size().columns - 1, len(start) + 20)
    return textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * len(start)) or [start.rstrip()]
