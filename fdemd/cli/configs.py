"""What the folders of configs offer: primary configs, and groups of choices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdemd.cli.config_file import DEFAULTS, comments, read_config
from fdemd.errors import InputError
from fdemd.files.shipped import shipped_folder
from fdemd.settings.plugins import PluginGroup, plugin_names, plugin_origin

CONFIG_DIR = shipped_folder("configs")
MISSING = "???"

PLUGIN_GROUPS: dict[str, PluginGroup] = {"model": "backbones", "rerank": "rerankers", "query": "queries"}
"""Config groups whose choices may also be plug-ins -> what these are."""

_OWN_FOLDERS: ContextVar[tuple[Path, ...]] = ContextVar("own config folders", default=())


@dataclass(frozen=True)
class Configs:
    """Folders of ``JOB.yaml`` and ``GROUP/CHOICE.yaml``; of two files with one name that of the first folder counts."""

    folders: tuple[Path, ...]

    def file(self, name: str) -> Path:
        """The yaml file of ``evaluate`` or of ``data/orl``."""
        found = [path for folder in self.folders if (path := folder / f"{name}.yaml").is_file()]
        return found[0] if found else self.folders[-1] / f"{name}.yaml"

    def choices(self) -> Iterator[tuple[str, Path]]:
        """The group and the file of each choice, sorted."""
        found: dict[str, Path] = {}
        for folder in reversed(self.folders):
            found |= {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.yaml")}
        yield from ((name.rpartition("/")[0], found[name]) for name in sorted(found) if "/" in name)

    def primary(self, name: str, named_by: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
        """Yield the config ``name`` after the plain configs (``- base``) that its defaults list names.

        Args:
            name: Such as ``evaluate``.
            named_by: The configs whose defaults led here.

        Raises:
            InputError: A config cannot be read, names itself, or names one that is not there.
        """
        if named_by and not self.file(name).is_file():
            raise InputError(
                f"The config {self.file(named_by[-1])} names {name} in its {DEFAULTS}, and no folder of configs has "
                f"{name}.yaml; take it out of the list."
            )
        if name in named_by:
            raise InputError(f"The config {self.file(name)} names itself in its {DEFAULTS}; take it out of the list.")
        config = read_config(self.file(name))
        for entry in config.get(DEFAULTS, []):
            if isinstance(entry, str) and entry != "_self_":
                yield from self.primary(entry.lstrip("/"), (*named_by, name))
        yield config


@dataclass(frozen=True)
class Group:
    """A config group: a folder of yaml files; ``key=choice`` selects one (or several, if the default is a list).

    Attributes:
        key: Name of the group on the command line.
        choices: The description of each choice.
        default: The choice, or choices, that the job takes by default.
        in_job: Whether the job's defaults list has the group; if not, it has to be added with ``+key=choice``.
        plugins: The choices that plug-ins bring.
    """

    key: str
    choices: dict[str, str]
    default: str | list[str] | None
    in_job: bool
    plugins: frozenset[str] = frozenset()

    @property
    def several(self) -> bool:
        """Whether the group takes a list of choices."""
        return isinstance(self.default, list)

    @property
    def selected(self) -> list[str]:
        """The choices on by default."""
        return self.default if isinstance(self.default, list) else [self.default] if self.default else []


@contextmanager
def own_folders(folders: tuple[Path, ...]) -> Iterator[None]:
    """Let everything that is planned meanwhile, by a job too, also find the configs of the user's own folders.

    Raises:
        InputError: A file in them is no config.
    """
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            read_config(path)
    token = _OWN_FOLDERS.set((*folders, *_OWN_FOLDERS.get()))
    try:
        yield
    finally:
        _OWN_FOLDERS.reset(token)


def all_configs(config_dir: Path = CONFIG_DIR) -> Configs:
    """The configs of the user's own folders, and then those of ``config_dir``."""
    return Configs((*_OWN_FOLDERS.get(), config_dir))


def read_groups(configs: Configs, job: str) -> dict[str, Group]:
    """Return every config group by key, with the defaults of ``JOB.yaml``."""
    folders: dict[str, dict[str, str]] = {}
    addable = set()  # groups whose choices change the job's settings; added, all others would have no effect
    for folder, path in configs.choices():
        choices = folders.setdefault(folder, {})
        if _is_for(path, job):
            choices[path.stem] = _description(path)
            if is_global(path):
                addable.add(folder)
    groups = {}
    for config in configs.primary(job):
        for entry in config.get(DEFAULTS, []):
            for name, default in entry.items() if isinstance(entry, dict) else ():
                # "optional experiment", "override /model" and "model@teacher" are all keys of a defaults list.
                key = name.split()[-1].lstrip("/")
                if not key.startswith("hydra/"):
                    groups[key] = _group(key, folders.get(key.partition("@")[0], {}), default)
    used = {key.partition("@")[0] for key in groups}
    others = {key: Group(key, folders[key], None, in_job=False) for key in addable - used}
    return dict(sorted({**groups, **others}.items()))


def required_settings(configs: Configs, key: str, choice: str) -> list[str]:
    """Return the keys of the settings that have to be given once ``key=choice`` is selected."""
    folder = key.partition("@")[0]
    path = configs.file(f"{folder}/{choice}")
    if not path.is_file():  # a plug-in's
        return []
    prefix = "" if is_global(path) else f"{folder.replace('/', '.')}."
    return [f"{prefix}{name}" for name, value in flatten(read_config(path)) if value == MISSING]


def flatten(node: dict[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of every node below ``node``, sections before what they hold."""
    for name, value in node.items():
        key = f"{prefix}{name}"
        yield key, value
        if isinstance(value, dict):
            yield from flatten(value, f"{key}.")


def _group(key: str, own: dict[str, str], default: Any) -> Group:
    kind = PLUGIN_GROUPS.get(key)
    names = [name for name in plugin_names(kind) if name not in own] if kind else []
    plugins = {name: f"plug-in {plugin_origin(kind, name)}" for name in names} if kind else {}
    return Group(key, {**own, **plugins}, default, in_job=True, plugins=frozenset(plugins))


def _is_for(path: Path, job: str) -> bool:
    """Whether a choice can be made for ``job``: any, unless it has a comment ``@job NAME`` of another one."""
    jobs = [comment.split()[1] for comment in comments(path) if comment.startswith("@job ")]
    return not jobs or job in jobs


def is_global(path: Path) -> bool:
    """Whether the settings of a choice are written with their full keys, as they belong to several groups."""
    return "@package _global_" in comments(path)


def _description(path: Path) -> str:
    """Return the first comment line of a yaml file that is not a directive, or an empty string."""
    return next((comment for comment in comments(path) if comment and not comment.startswith("@")), "")
