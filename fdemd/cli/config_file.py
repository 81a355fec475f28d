"""One yaml file of a folder of configs: its settings, and the comments that describe it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from fdemd.errors import InputError
from fdemd.files.user_paths import check_file

DEFAULTS = "defaults"
"""The key under which a config lists the configs that it is made of."""


def read_config(path: Path) -> dict[Any, Any]:
    """Return what a config says, as plain containers; empty if it says nothing.

    Raises:
        InputError: It is no file, no text, no yaml, no section of settings, or its defaults are not a list of configs.
    """
    text = config_text(path)
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: such as a 32nd of December
        raise InputError(f"The config {path} is not yaml that can be read: {_said(error)}; mend the file.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"The config {path} is not a section of settings; write lines KEY: VALUE.")
    if not _are_defaults(content.get(DEFAULTS, [])):
        raise InputError(f"The {DEFAULTS} of the config {path} are not a list such as [model: dlib, _self_]; mend it.")
    return content


def comments(path: Path) -> list[str]:
    """Return the comments of a config that stand at the beginning of a line, without their ``#``.

    Raises:
        InputError: It is no file, or no text.
    """
    return [line.strip("# ") for line in config_text(path).splitlines() if line.startswith("#")]


def config_text(path: Path) -> str:
    """Return a config as it is written.

    Raises:
        InputError: It is no file, or no text.
    """
    check_file(path, "The config", "mend or remove it")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"The config {path} is not text in UTF-8; save it as such.") from error


def _are_defaults(entries: Any) -> bool:
    """Whether each entry is the name of a config, or a group and its choice, its choices or none."""
    return isinstance(entries, list) and all(isinstance(entry, str) or _is_choice(entry) for entry in entries)


def _is_choice(entry: Any) -> bool:
    if not isinstance(entry, dict) or len(entry) != 1:
        return False
    ((group, choice),) = entry.items()
    return isinstance(group, str) and bool(group.split()) and isinstance(choice, str | list | None)


def _said(error: Exception) -> str:
    """The problem and its line, without the name of the file and the lines that yaml quotes."""
    if isinstance(error, RecursionError):
        return "its lists or sections are too deep"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"{error.problem} (line {error.problem_mark.line + 1})"
    return str(error)
