"""Folders of everything that can be made again: made once, there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from fdemd.errors import InputError


def default_cache() -> Path:
    """Folder of everything that can be made again: $FDEMD_CACHE or ~/.cache/fdemd."""
    return Path(os.environ.get("FDEMD_CACHE", "~/.cache/fdemd")).expanduser()


def kept(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, filled by ``make`` if it is not there yet.

    Args:
        folder: its name should tell all that its content depends on.
        make: fills the empty folder that it is given; whatever it raises is passed on, and nothing is kept.

    Raises:
        InputError: the cache cannot be written.
    """
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix="unfinished-"))
    except OSError as error:
        raise InputError(
            f"The cache folder {folder.parent} cannot be written ({error.strerror}); choose another with "
            "data.cache=PATH."
        ) from error
    try:
        make(unfinished)
        unfinished.chmod(0o755)  # a shared cache is for others to read; temporary folders are private
        with contextlib.suppress(OSError):  # another run was faster
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder
