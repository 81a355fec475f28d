"""Where the cache lies."""

from __future__ import annotations

import os
from pathlib import Path

from fdemd.errors import InputError
from fdemd.files.user_paths import expand_home

ELSEWHERE = "choose another folder with data.cache=PATH or FDEMD_CACHE=PATH"
"""What a person can do about a cache that cannot be used."""


def cache_folder(given: object = None) -> Path:
    """The folder of everything that can be made again.

    Args:
        given: what a setting or an argument says; None or empty leaves it to the environment.

    Returns:
        ``given``, or ``$FDEMD_CACHE``, or ``$XDG_CACHE_HOME/fdemd``, or ``~/.cache/fdemd``. A variable that is empty
        counts as not set, and so does an ``XDG_CACHE_HOME`` that is not absolute, as its specification says.

    Raises:
        InputError: it lies in a home folder, and there is none.
    """
    if chosen := str(given or "") or os.environ.get("FDEMD_CACHE", ""):
        return _at_home(chosen)
    if (caches := Path(os.environ.get("XDG_CACHE_HOME", ""))).is_absolute():
        return caches / "fdemd"
    return _at_home("~/.cache/fdemd")


def _at_home(path: str) -> Path:
    """``path`` with a ``~`` resolved."""
    try:
        return expand_home(path)
    except InputError as error:
        raise InputError(
            f"The cache would be {path}, but there is no such home folder on this machine; {ELSEWHERE}."
        ) from error
