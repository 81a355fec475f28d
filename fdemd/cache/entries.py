"""The cache: a folder of what can be made again. Each entry is a folder that is there as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from fdemd.errors import InputError

DAY = 24 * 60 * 60
"""Seconds."""
_UNFINISHED = "unfinished-"
_SHA256 = re.compile("[0-9a-f]{64}")


def default_cache() -> Path:
    """Folder of everything that can be made again: $FDEMD_CACHE or ~/.cache/fdemd."""
    return Path(os.environ.get("FDEMD_CACHE", "~/.cache/fdemd")).expanduser()


def kept(entry: Path, make: Callable[[Path], None]) -> Path:
    """An entry, filled by ``make`` if it is not there yet, and marked as used.

    Args:
        entry: its name should tell all that its content depends on.
        make: fills the empty folder that it is given; whatever it raises is passed on, and nothing is kept.

    Raises:
        InputError: the cache cannot be written.
    """
    if not entry.is_dir():
        try:
            new = NewEntry(entry)
        except OSError as error:
            raise InputError(
                f"The cache folder {entry.parent} cannot be written ({error.strerror}); choose another with "
                "data.cache=PATH."
            ) from error
        with new:
            make(new.folder)
            new.finish()
    mark_used(entry)
    return entry


def entries(cache: Path) -> Iterator[Path]:
    """Entries of every kind, ``CACHE/KIND/SHA256``, and what killed runs left of some.

    Whatever else lies there is somebody else's.
    """
    for kind in sorted(cache.iterdir()) if cache.is_dir() else ():
        for folder in sorted(kind.iterdir()) if kind.is_dir() else ():
            if folder.is_dir() and (_SHA256.fullmatch(folder.name) or _is_abandoned(folder)):
                yield folder


def mark_used(entry: Path) -> None:
    """Remember that an entry was used now, in its time of modification."""
    with contextlib.suppress(OSError):  # not ours to write
        os.utime(entry)


def age(entry: Path) -> float:
    """Seconds since an entry was last written or used."""
    return time.time() - max((found.st_mtime for found in _stats(entry)), default=0)


def size(entry: Path) -> int:
    """Bytes in the files of an entry."""
    return sum(found.st_size for found in _stats(entry) if stat.S_ISREG(found.st_mode))


def _stats(entry: Path) -> list[os.stat_result]:
    """Of a folder and everything in it."""
    found = []
    with contextlib.suppress(FileNotFoundError):  # another run is just removing it
        for path in (entry, *entry.rglob("*")):
            found.append(path.stat())
    return found


def remove(entry: Path) -> None:
    """Take an entry away at once as seen by other runs; those that have mapped its files keep them.

    Raises:
        OSError: it cannot be removed.
    """
    doomed = tempfile.mkdtemp(dir=entry.parent, prefix=_UNFINISHED)
    try:
        with contextlib.suppress(FileNotFoundError):  # another run was faster
            entry.rename(doomed)
    finally:
        shutil.rmtree(doomed, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    return folder.name.startswith(_UNFINISHED) and age(folder) > DAY


class NewEntry:
    """A folder to be filled, which then takes its place in the cache. Use it in a ``with`` block.

    What is not finished is gone after the block; what a killed run left is gone a day later.

    Attributes:
        folder: where to write.
    """

    def __init__(self, place: Path) -> None:
        """Make the folder beside ``place``.

        Raises:
            OSError: the cache cannot be written.
        """
        place.parent.mkdir(parents=True, exist_ok=True)
        for left in filter(_is_abandoned, place.parent.iterdir()):
            shutil.rmtree(left, ignore_errors=True)
        self._place = place
        self.folder = Path(tempfile.mkdtemp(dir=place.parent, prefix=_UNFINISHED))

    def finish(self) -> None:
        """Put the folder in its place, unless another run was faster: then that one's stays."""
        self.folder.chmod(0o755)  # a shared cache is for others to read; temporary folders are private
        with contextlib.suppress(OSError):
            self.folder.rename(self._place)

    def __enter__(self) -> NewEntry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
