"""Archives, read member by member.

Nothing of an archive is ever written under a name that the archive chose. Archives with members that would lead out of
a folder, and archives that swell beyond all measure, are refused (PEP 706 tells what such archives do).
"""

from __future__ import annotations

import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

from data_prep.containers import Container, Listing, Member
from fdemd.errors import InputError
from fdemd.faces.reading import UnreadableImageError

ALWAYS_ALLOWED, LARGEST_RATIO = 256 << 20, 50
"""An archive may grow to the first, in bytes, or to the second times its own size: photographs hardly shrink."""
BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
"""What the standard library raises for damaged archives."""


class Zip(Container):
    """A zip archive."""

    def listing(self) -> Listing:
        """Every file in it."""
        with explained(self.path):
            entries = [entry for entry in _zip(self.path).infolist() if not entry.is_dir()]
        check_growth(self.path, sum(entry.file_size for entry in entries))
        if any(entry.flag_bits & 1 for entry in entries):
            raise InputError(
                f"{self.path} is locked with a password; unpack it with the password that its authors gave you, and "
                "give the folder with --source."
            )
        found = Listing([], [])
        for entry in entries:
            path = _checked(entry.filename, self.path)
            if stat.S_ISLNK(entry.external_attr >> 16):
                found.refuse(path, "a link")
            else:
                found.offer(Member(path, entry.file_size, entry.filename))
        return found

    def read(self, key: str, size: int) -> bytes:
        """The content of a member; never more bytes than the archive announced."""
        try:
            with _zip(self.path).open(key) as file:
                return file.read(size)
        except (*BROKEN, KeyError, NotImplementedError) as error:
            raise UnreadableImageError(f"damaged in {self.path.name}: {error}") from error


class Tar(Container):
    """A tar archive that is not compressed, so that any member can be read at once."""

    def listing(self) -> Listing:
        """Every file in it."""
        found = Listing([], [])
        with explained(self.path), tarfile.open(self.path, "r:") as archive:
            while entry := archive.next():
                archive.members = []  # type: ignore[attr-defined]  # a list of all would take gigabytes for large sets
                path = _checked(entry.name, self.path)
                if entry.isreg() and not entry.issparse():
                    found.offer(Member(path, entry.size, str(entry.offset_data)))
                elif not entry.isdir():
                    found.refuse(path, "a link or not a file")
        return found

    def read(self, key: str, size: int) -> bytes:
        """The content of a member."""
        file = _file(self.path)
        file.seek(int(key))
        content = file.read(size)
        if len(content) != size:
            raise UnreadableImageError(f"cut short in {self.path.name}")
        return content


@contextmanager
def explained(archive: Path) -> Iterator[None]:
    """Turn what a damaged archive raises into an ``InputError``."""
    try:
        yield
    except BROKEN as error:
        raise InputError(f"{archive} is damaged or cut short ({error}); download it again.") from error


def check_growth(archive: Path, size: int) -> None:
    """Check that an archive may unpack to ``size`` bytes.

    Raises:
        InputError: that is what archives do that were made to fill a disk.
    """
    packed = archive.stat().st_size
    if size > max(ALWAYS_ALLOWED, LARGEST_RATIO * packed):
        raise InputError(
            f"{archive} is not safe: its {packed} bytes would unpack to {size} or more, which photographs never do. If "
            "you trust it, unpack it yourself and give the folder."
        )


def _checked(name: str, archive: Path) -> str:
    """The member's path with forward slashes.

    Raises:
        InputError: it leads out of the folder that the archive would be unpacked to.
    """
    path = name.replace("\\", "/").removeprefix("./")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
        raise InputError(f"{archive} is not safe: its member {name!r} leads out of the archive's folder.")
    return path


@cache
def _zip(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


@cache
def _file(path: Path) -> BinaryIO:
    return path.open("rb")
