"""Entries of the cache: marked folders, each there as a whole or not at all. Nothing else is ever touched."""

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
"""What the mark in each entry says; it is the first file to be written and the last to be removed."""
UNFINISHED = "unfinished-"
"""Beginning of the name of an entry that is being made, or was when its run was killed."""
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
"""Kind of entry -> its files as written by versions of fdemd that did not mark their folders."""


def entries(cache: Path) -> Iterator[Path]:
    """Yield all entries, ``CACHE/KIND/SHA256``, finished and unfinished; other files and folders are passed over.

    Raises:
        InputError: The cache cannot be read.
    """
    for kind in _folders(cache, ours=True):
        for folder in _folders(kind, ours=kind.name in _EARLIER):
            if (_SHA256.fullmatch(folder.name) or is_unfinished(folder)) and is_ours(folder):
                yield folder


def is_unfinished(entry: Path) -> bool:
    """Return whether an entry is being made, or was left by a run that was broken off."""
    return entry.name.startswith(UNFINISHED)


def is_ours(entry: Path) -> bool:
    """Return whether fdemd made a folder: it is marked, or holds nothing but the files of an earlier version."""
    return not entry.is_symlink() and (
        is_marked(entry, ENTRY) or is_of_an_earlier_version(entry) or _is_not_marked_yet(entry)
    )


def is_of_an_earlier_version(entry: Path) -> bool:
    """Return whether a folder holds nothing but the files of an entry of an earlier version, which left no mark."""
    names = _names(entry)
    return bool(names) and names is not None and names <= _EARLIER.get(entry.parent.name, set())


def _is_not_marked_yet(entry: Path) -> bool:
    """Return whether an unfinished folder holds nothing, or nothing but the file that is becoming its mark."""
    names = _names(entry) if _PRIVATE.fullmatch(entry.name) else None
    return names is not None and all(map(is_part, names))


def _names(entry: Path) -> set[str] | None:
    """Return the names of the files of an entry; None if it contains a folder or cannot be read."""
    try:
        found = list(os.scandir(entry))
        return None if any(each.is_dir(follow_symlinks=False) for each in found) else {each.name for each in found}
    except OSError:
        return None


def in_use(entry: Path) -> bool:
    """Return whether a running program is making an entry."""
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
    """Lock an unfinished entry; return None if it cannot be locked and was not written to for a day.

    Raises:
        BlockingIOError: A running program is making the entry, or may be.
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
    """Set the time of modification of an entry to now, as the time of its last use."""
    with contextlib.suppress(OSError):  # not ours to write
        os.utime(entry)


def age(entry: Path) -> float:
    """Return the seconds since an entry was last written or used."""
    return time.time() - max((found.st_mtime for found in _stats(entry)), default=0)


def size(entry: Path) -> int:
    """Return the size of the files of an entry in bytes."""
    return sum(found.st_size for found in _stats(entry) if stat.S_ISREG(found.st_mode))


def remove(entry: Path) -> bool:
    """Remove an entry, atomically for other runs; those that have mapped its files keep them.

    Returns:
        Whether this call removed it; False if a running program is making it or another one removed it.

    Raises:
        OSError: The entry, or something in it, cannot be removed.
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
    """Remove the unfinished entries of a kind that killed runs left, but for those that a later run can resume."""
    for entry in _folders(kind, ours=True):
        if (
            is_unfinished(entry)
            and not _SHA256.fullmatch(entry.name.removeprefix(UNFINISHED))
            and (is_marked(entry, ENTRY) or _is_not_marked_yet(entry))
        ):
            with contextlib.suppress(OSError):  # another user's
                remove(entry)


def destroy(entry: Path) -> None:
    """Delete an entry, the mark last, so that the rest is still known as an entry after a kill.

    Raises:
        OSError: Something in the entry cannot be deleted.
    """
    with contextlib.suppress(OSError, InputError):
        entry.chmod(0o700)
        if not is_marked(entry, ENTRY):
            write_mark(entry, ENTRY)
    empty(entry)
    (entry / MARK).unlink(missing_ok=True)
    entry.rmdir()


def empty(entry: Path) -> None:
    """Delete everything in an entry but its mark.

    Raises:
        OSError: Something in the entry cannot be deleted.
    """
    for path in entry.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARK:
            path.unlink()


def _folders(path: Path, *, ours: bool) -> list[Path]:
    """Return the folders in a folder, sorted; one that is not ours may be unreadable."""
    try:
        return sorted(Path(each.path) for each in os.scandir(path) if each.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if not ours:
            return []
        raise InputError(f"The cache folder {path} cannot be read ({error.strerror}).") from error


def _stats(entry: Path) -> list[os.stat_result]:
    """Return the status of a folder and of everything in it that is still there: another run may be removing it."""
    found = []
    paths = [entry, *(Path(folder, name) for folder, *names in os.walk(entry) for each in names for name in each)]
    for path in paths:
        with contextlib.suppress(OSError):
            found.append(path.lstat())
    return found
