"""The base of zip and tar archives, which are read in place, member by member.

Nothing of an archive is ever written under a name that the archive chose. Archives with members that would lead out of
a folder, and archives that swell beyond all measure, are refused (PEP 706 tells what such archives do). Nothing that an
archive says of itself is believed before it is compared with the archive's own length.
"""

from __future__ import annotations

import io
import lzma
import os
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from data_prep.containers import Container
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError
from fdemd.files.text import to_printable

ALWAYS_ALLOWED, LARGEST_RATIO = 256 << 20, 50
"""An archive may grow to the first, in bytes, or to the second times its own size: photographs hardly shrink."""
BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(ValueError, LookupError, ArithmeticError, RuntimeError, MemoryError),
)
"""What the standard library raises for damaged archives."""


@dataclass(frozen=True)
class Archive(Container):
    """An archive file.

    Attributes:
        stamp: Size and time of the file when it was first opened, by which a replaced file is recognised.
    """

    stamp: tuple[int, int]

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file for the ``with`` block.

        Raises:
            UnreadableImageError: The file is missing or was replaced, or what the block reads of it is damaged.
        """
        try:
            with unchanged(self.path, self.stamp) as file:
                yield file
        except BROKEN as error:
            raise UnreadableImageError(
                f"damaged in {to_printable(self.path.name)}: {to_printable(str(error))}"
            ) from error


def stamp_of(status: os.stat_result) -> tuple[int, int]:
    """Return the size in bytes and the time in nanoseconds by which a replaced file is recognised."""
    return status.st_size, status.st_mtime_ns


@contextmanager
def unchanged(path: Path, stamp: tuple[int, int]) -> Iterator[io.BufferedReader]:
    """Open a file for the ``with`` block if it still is the one that was listed.

    Args:
        path: The file.
        stamp: Its :func:`stamp_of` when it was listed.

    Raises:
        OSError: The file cannot be read.
        UnreadableImageError: The file was replaced.
    """
    with path.open("rb") as file:
        if stamp_of(os.fstat(file.fileno())) != stamp:
            raise UnreadableImageError(f"{to_printable(path.name)} was replaced while it was read")
        yield file


@contextmanager
def explained(archive: Path) -> Iterator[None]:
    """Turn the errors of a damaged archive into an ``InputError``."""
    try:
        yield
    except InputError:
        raise
    except BROKEN as error:
        words = to_printable(str(error)) or type(error).__name__
        raise InputError(f"{archive} is damaged or cut short ({words}); download it again.") from error


def check_growth(archive: Path, size: int) -> None:
    """Check that an archive may unpack to ``size`` bytes.

    Raises:
        InputError: It grows as only archives do that were made to fill a disk.
    """
    packed = archive.stat().st_size
    if size > max(ALWAYS_ALLOWED, LARGEST_RATIO * packed):
        raise InputError(
            f"{archive} is not safe: its {packed} bytes would unpack to {size} or more, which photographs never do. If "
            "you trust it, unpack it yourself and give the folder."
        )


def member_path(name: str, archive: Path) -> str:
    """Return the path of a member with forward slashes.

    Raises:
        InputError: The path leads out of the folder that the archive would be unpacked to.
    """
    path = name.replace("\\", "/").removeprefix("./")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
        raise InputError(f"{archive} is not safe: its member {name!r:.300} leads out of the archive's folder.")
    return path
