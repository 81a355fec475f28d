"""Entries of the cache: folders that we made, each there as a whole or not at all. Nothing else is ever touched."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from fdemd.errors import InputError
from fdemd.files.lock import Lock
from fdemd.files.ownership import MARK, is_marked, write_mark
from fdemd.files.writing import is_part

DAY = 24 * 60 * 60
"""Seconds."""
ENTRY = "an entry of the cache"
"""What the mark in each entry says; it is the first thing that is written there, and the last that is removed."""
UNFINISHED = "unfinished-"
"""How the name of an entry begins that is being made, or was when its run was killed."""
_SHA256 = re.compile("[0-9a-f]{64}")
_PRIVATE = re.compile(f"{UNFINISHED}([a-z0-9_]{{8}}|[0-9a-f]{{16}})")
"""Names of folders that are being made, and of those that are being removed."""
_EARLIER = {
    "adversarial": {"images.npy"},
    "centres": {"directions.npy", "people.json"},
    "faces": {"images.npy", "landmarks.npy", "report.json"},
    "features": {"embedding", "patches", "landmarks", "meta.json", "meta.sha256"},
    "similarities": {"computed.npz"},
}
"""The files of an entry as versions of fdemd wrote it that did not mark what they made."""


def entries(cache: Path) -> Iterator[Path]:
    """Entries of every kind, ``CACHE/KIND/SHA256``, and unfinished ones.

    Whatever else lies there is somebody else's.

    Raises:
        InputError: the cache cannot be read.
    """
    for kind in _folders(cache, ours=True):
        for folder in _folders(kind, ours=kind.name in _EARLIER):
            if (_SHA256.fullmatch(folder.name) or is_unfinished(folder)) and is_ours(folder):
                yield folder


def is_unfinished(entry: Path) -> bool:
    """Whether an entry is not whole: being made, or left by a run that was broken off."""
    return entry.name.startswith(UNFINISHED)


def is_ours(entry: Path) -> bool:
    """Whether fdemd made this folder: it carries our mark, or holds what earlier versions wrote and nothing else."""
    return not entry.is_symlink() and (
        is_marked(entry, ENTRY) or is_of_an_earlier_version(entry) or _is_not_marked_yet(entry)
    )


def is_of_an_earlier_version(entry: Path) -> bool:
    """Whether a folder without a mark holds files of an entry as earlier versions wrote it, and nothing else."""
    names = _names(entry)
    return bool(names) and names is not None and names <= _EARLIER.get(entry.parent.name, set())


def _is_not_marked_yet(entry: Path) -> bool:
    """Whether a folder of ours holds nothing but the file that is becoming its mark, or no mark any more."""
    names = _names(entry) if _PRIVATE.fullmatch(entry.name) else None
    return names is not None and all(map(is_part, names))


def _names(entry: Path) -> set[str] | None:
    """Of the files of an entry; None if it has a folder in it, or cannot be read."""
    try:
        found = list(os.scandir(entry))
        return None if any(each.is_dir(follow_symlinks=False) for each in found) else {each.name for each in found}
    except OSError:
        return None


def in_use(entry: Path) -> bool:
    """Whether a running program is making this entry."""
    if not is_unfinished(entry):
        return False
    try:
        lock = _lock(entry)
    except BlockingIOError:
        return True
    if lock is not None:
        lock.release()
    return False


def _lock(entry: Path) -> Lock | None:
    """Lock an unfinished entry; None if it cannot be, and was not written to for a day.

    Raises:
        BlockingIOError: a running program is making it, as far as can be told.
    """
    try:
        return Lock(entry / MARK, wait=False)
    except BlockingIOError:
        raise
    except OSError as error:  # without a mark, of an earlier version, or on a disk without locks
        if age(entry) < DAY:
            raise BlockingIOError from error
        return None


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


def remove(entry: Path) -> bool:
    """Take an entry away at once as seen by other runs; those that have mapped its files keep them.

    Returns:
        Whether it is gone by this; not if a running program is making it.

    Raises:
        OSError: it, or something in it, cannot be removed.
    """
    with contextlib.ExitStack() as stack:
        if is_unfinished(entry):
            try:
                lock = _lock(entry)
            except BlockingIOError:
                return False
            if lock is not None:
                stack.callback(lock.release)
                if not lock.is_on(entry / MARK):  # finished, or removed by another run, a moment ago
                    return False
        doomed = entry.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
        try:
            entry.rename(doomed)
        except FileNotFoundError:  # another run was faster
            return False
        destroy(doomed)
    return True


def remove_abandoned(kind: Path) -> None:
    """Remove what killed runs left among the entries of a kind, but for what a later run can go on with."""
    for entry in _folders(kind, ours=True):
        if (
            is_unfinished(entry)
            and not _SHA256.fullmatch(entry.name.removeprefix(UNFINISHED))
            and (is_marked(entry, ENTRY) or _is_not_marked_yet(entry))
        ):
            with contextlib.suppress(OSError):  # another user's
                remove(entry)


def destroy(entry: Path) -> None:
    """Delete the files of an entry, the mark last, so that what a kill leaves of it is still known.

    Raises:
        OSError: something in it cannot be deleted.
    """
    with contextlib.suppress(OSError, InputError):
        entry.chmod(0o700)
        if not is_marked(entry, ENTRY):
            write_mark(entry, ENTRY)
    empty(entry)
    (entry / MARK).unlink(missing_ok=True)
    entry.rmdir()


def empty(entry: Path) -> None:
    """Delete what is in an entry, but for its mark.

    Raises:
        OSError: something in it cannot be deleted.
    """
    for path in entry.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARK:
            path.unlink()


def _folders(path: Path, *, ours: bool) -> list[Path]:
    """The folders in a folder, in order; those of one that is not ours only as far as we may look."""
    try:
        return sorted(Path(each.path) for each in os.scandir(path) if each.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if not ours:
            return []
        raise InputError(f"The cache folder {path} cannot be read ({error.strerror}).") from error


def _stats(entry: Path) -> list[os.stat_result]:
    """Of a folder and everything in it, as far as it is there: another run may just be removing it."""
    found = []
    paths = [entry, *(Path(folder, name) for folder, *names in os.walk(entry) for each in names for name in each)]
    for path in paths:
        with contextlib.suppress(OSError):
            found.append(path.lstat())
    return found
