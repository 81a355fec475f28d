"""Files that are there whole or not at all: whenever the program is killed, and however full the disk is."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.filesize import decimal

from fdemd.errors import InputError
from fdemd.files.disk import is_full

PART = ".part"
"""Ending of a file that is being written. One that a killed run left may be removed: nothing else is called so."""


def is_part(name: str) -> bool:
    """Whether a file of this name is one that was being written, see :data:`PART`."""
    return re.fullmatch(r"\.[0-9a-f]{16}" + re.escape(PART), name) is not None


@contextmanager
def atomic_write(path: Path, advice: str = "") -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` once all of it is on the disk.

    Until then the old file stays; after an exception it stays for good. Several programs may write the same path: each
    has a temporary name of its own, and the last one wins.

    Args:
        path: the file; its folder is made if it is not there.
        advice: what a person can do if it cannot be written, as in :func:`cannot_write`.

    Raises:
        InputError: the disk is full or fails, or the folder cannot be made or written.
    """
    part = path.with_name(f".{secrets.token_hex(8)}{PART}")  # short, for names that are as long as a disk allows
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error, advice) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, advice: str = "") -> None:
    """Write a whole file; see :func:`atomic_write`."""
    with atomic_write(path, advice) as file:
        file.write(content)


def write_text(path: Path, text: str, advice: str = "") -> None:
    """Write a whole file in UTF-8; see :func:`atomic_write`.

    Names of files that are not UTF-8 (Python reads their bytes as surrogates) are written as ``\\udc..`` escapes.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"), advice)


def flush_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk, so that a new or renamed file survives a loss of power."""
    with contextlib.suppress(OSError):  # some file systems cannot
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_room(folder: Path, needed: int, what: str, advice: str = "") -> None:
    """Check that a disk has room, before hours are spent on what will not fit.

    Args:
        folder: an existing folder on the disk.
        needed: bytes.
        what: is to be written, for the error, such as ``the aligned faces``.
        advice: as in :func:`cannot_write`.

    Raises:
        InputError: it has not.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder} has no room for {what}: {decimal(needed)} are needed and {decimal(free)} are free{_then(advice)}"
        )


def cannot_write(path: Path, error: OSError, advice: str = "") -> InputError:
    """Return the error for a file or folder that cannot be written.

    Args:
        path: the file or folder.
        error: what the system said.
        advice: what a person can do, such as ``choose another folder with output=PATH``.
    """
    if is_full(error):
        return InputError(f"The disk is full: {path} cannot be written{_then(advice or 'make room')}")
    return InputError(f"{path} cannot be written ({error.strerror or error}){_then(advice)}")


def _then(advice: str) -> str:
    return f"; {advice}." if advice else "."
