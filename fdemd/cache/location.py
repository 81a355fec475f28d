"""The folder of the cache."""

from __future__ import annotations

import os
from pathlib import Path

from fdemd.errors import InputError
from fdemd.files.user_paths import expand_home

ELSEWHERE = "choose another folder with data.cache=PATH or FDEMD_CACHE=PATH"
"""Advice to a person whose cache cannot be used."""


def cache_folder(given: object = None) -> Path:
    """Return the folder of the cache.

    Args:
        given: Value of a setting or an argument; None or empty leaves the choice to the environment.

    Returns:
        ``given``, or ``$FDEMD_CACHE``, or ``$XDG_CACHE_HOME/fdemd``, or ``~/.cache/fdemd``. A variable that is empty
        counts as not set, and so does an ``XDG_CACHE_HOME`` that is not absolute, as its specification says.

    Raises:
        InputError: The path begins with a home folder that does not exist.
    """
    if chosen := str(given or "") or os.environ.get("FDEMD_CACHE", ""):
        return _at_home(chosen)
    if (caches := Path(os.environ.get("XDG_CACHE_HOME", ""))).is_absolute():
        return caches / "fdemd"
    return _at_home("~/.cache/fdemd")


def _at_home(path: str) -> Path:
    """Return ``path`` with a ``~`` resolved."""
    try:
        return expand_home(path)
    except InputError as error:
        raise InputError(
            f"The cache would be {path}, but there is no such home folder on this machine; {ELSEWHERE}."
        ) from error
