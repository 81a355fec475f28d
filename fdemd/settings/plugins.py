"""Plug-ins: networks, re-rankers, kinds of query and metrics that another installed package brings.

A package names what it brings by entry points, in its ``pyproject.toml``::

    [project.entry-points."fdemd.backbones"]
    mynet = "mypackage.network:MyNet"

The name is then a choice of the command line (``model=mynet``) like those of ``configs/model``; its settings are those
of its signature, see :mod:`fdemd.settings.plugin_settings`.

Names are found without importing the package; it is imported once one of its names is chosen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from fdemd.errors import InputError, unknown

PluginGroup = Literal["backbones", "rerankers", "queries", "metrics"]


def plugin_names(group: PluginGroup) -> list[str]:
    """Return the names that installed packages bring, sorted. Imports none of them.

    Args:
        group: What they are; their entry points are of the group ``fdemd.GROUP``.
    """
    return sorted(_found(group))


def plugin_origin(group: PluginGroup, name: str) -> str:
    """Return where a plug-in is from, such as ``mypackage.network:MyNet``. Imports nothing.

    Raises:
        InputError: No installed package brings this name.
    """
    return _entry_point(group, name).value


def load_plugin(group: PluginGroup, name: str) -> Any:
    """Import a plug-in and return what its entry point names, such as the class of a network.

    Raises:
        InputError: No installed package brings this name, or it cannot be imported.
    """
    entry = _entry_point(group, name)
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # whatever its module does when it is imported
        raise InputError(
            f"The plug-in {name} of fdemd.{group} ({entry.value}) cannot be imported: {type(error).__name__}: {error}; "
            "mend or uninstall its package."
        ) from error


@contextmanager
def refusals_told(group: PluginGroup, name: str) -> Iterator[None]:
    """Tell what a plug-in raises while it takes its settings as a mistake in these; what fdemd's own raise passes.

    Args:
        group: What it is.
        name: Name of the choice.

    Raises:
        InputError: The plug-in raised something.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if name not in _found(group):
            raise
        raise InputError(
            f"The plug-in {name} of fdemd.{group} refuses its settings: {type(error).__name__}: {error}."
        ) from error


@contextmanager
def failures_named(group: PluginGroup, name: str) -> Iterator[None]:
    """Say of an error whose plug-in it is, after its traceback; what fdemd's own choices raise passes.

    Args:
        group: What it is.
        name: Name of the choice.

    Raises:
        RuntimeError: The plug-in raised something other than an ``InputError``.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if name not in (found := _found(group)):
            raise
        raise RuntimeError(
            f"The plug-in {name} of fdemd.{group} ({found[name].value}) failed: {type(error).__name__}: {error}"
        ) from error


def unknown_choice(what: str, name: str, choices: Iterable[str], group: PluginGroup | None) -> InputError:
    """Return the error for a name that nobody brings, or that a package brings under the name of another group.

    Args:
        what: What it would be, such as ``backbone``.
        name: The unknown name.
        choices: The names that there are.
        group: Where plug-ins would name it; None where there are none.
    """
    error = unknown(what, name, choices)
    elsewhere = sorted(each.group for each in entry_points(name=name) if each.group.split(".")[0] == "fdemd")
    if group is None or not elsewhere:
        return error
    return InputError(
        f"{error} An installed package names {name} in the group {elsewhere[0]} of entry points; here it would have to "
        f"be fdemd.{group}."
    )


def refuse_namesake(group: PluginGroup, name: str) -> None:
    """Refuse a choice of fdemd's own that an installed package brings too: which one a person means cannot be known.

    Args:
        group: What it is.
        name: Name of the choice.

    Raises:
        InputError: There is such a package.
    """
    if name in (found := _found(group)):
        raise InputError(
            f"fdemd has {name} itself, and the plug-in {found[name].value} of fdemd.{group} has the same name; "
            "uninstall its package, or give the plug-in another name there."
        )


def _entry_point(group: PluginGroup, name: str) -> EntryPoint:
    found = _found(group)
    if name not in found:
        raise unknown(f"plug-in of fdemd.{group}", name, found)
    return found[name]


def _found(group: PluginGroup) -> dict[str, EntryPoint]:
    return _scan(group, tuple(sys.path))


@cache
def _scan(group: PluginGroup, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Entry points by name. They depend on ``sys.path``, which is part of what is remembered."""
    return {entry.name: entry for entry in entry_points(group=f"fdemd.{group}")}
