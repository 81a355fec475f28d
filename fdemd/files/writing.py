"""Atomic writing: a file is there whole or not at all, whenever the program is killed and however full the disk is."""

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
    """Return whether a name is that of a file that was being written, see :data:`PART`.

    >>> is_part(".0123456789abcdef.part"), is_part("photo.part")
    (True, False)
    """
    return re.fullmatch(r"\.[0-9a-f]{16}" + re.escape(PART), name) is not None


@contextmanager
def atomic_write(path: Path, advice: str = "", *, flush: bool = True) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces ``path`` once all of it is on the disk.

    Until then the old file stays; after an exception it stays for good. Several programs may write the same path: each
    has a temporary name of its own, and the last one wins.

    Args:
        path: The file; its folder is made if necessary.
        advice: What a person can do if it cannot be written, as in :func:`cannot_write`.
        flush: Whether to wait until the disk has it. Without, a loss of power soon after can leave a file that is cut
            short, which whoever reads it has to notice; a kill cannot.

    Raises:
        InputError: The disk is full or fails, or the folder cannot be made or written.
    """
    part = path.with_name(f".{secrets.token_hex(8)}{PART}")  # short, for names that are as long as a disk allows
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
            if flush:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
        if flush:
            flush_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error, advice) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes, advice: str = "", *, flush: bool = True) -> None:
    """Write a file atomically, see :func:`atomic_write`."""
    with atomic_write(path, advice, flush=flush) as file:
        file.write(content)


def write_text(path: Path, text: str, advice: str = "") -> None:
    """Write a text file in UTF-8 atomically, see :func:`atomic_write`.

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


def flush_disks() -> None:
    """Wait until the disks have everything that was written, where the system can be asked for that."""
    if hasattr(os, "sync"):
        os.sync()


def check_room(folder: Path, needed: int, what: str, advice: str = "") -> None:
    """Check that a disk has room, before hours are spent on what will not fit.

    Args:
        folder: An existing folder on the disk.
        needed: Bytes that will be written.
        what: What is to be written, for the error, such as ``the aligned faces``.
        advice: What a person can do about it, as in :func:`cannot_write`.

    Raises:
        InputError: The disk has less room.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder} has no room for {what}: {decimal(needed)} are needed and {decimal(free)} are free{_then(advice)}"
        )


def cannot_write(path: Path, error: OSError, advice: str = "") -> InputError:
    """Return the error for a file or folder that cannot be written.

    Args:
        path: The file or folder.
        error: The error of the operating system.
        advice: What a person can do, such as ``choose another folder with output=PATH``.
    """
    if is_full(error):
        return InputError(f"The disk is full: {path} cannot be written{_then(advice or 'make room')}")
    return InputError(f"{path} cannot be written ({error.strerror or error}){_then(advice)}")


def _then(advice: str) -> str:
    return f"; {advice}." if advice else "."
