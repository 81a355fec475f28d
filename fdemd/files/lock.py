"""Locks on files and folders, so that one program works there at a time; they end with the program, even if killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fdemd.errors import InputError
from fdemd.files.writing import cannot_write

_held: set[Lock] = set()


class Lock:
    """A lock on an existing file or folder. It ends when it is released, or with its process, however that ends."""

    def __init__(self, path: Path, *, wait: bool) -> None:
        """Lock the file.

        Args:
            path: The file or folder; nothing is written to it.
            wait: Whether to wait until another program releases it.

        Raises:
            BlockingIOError: Another program holds the lock, and ``wait`` is false.
            OSError: The file does not exist or must not be opened, or its disk has no locks.
        """
        # File systems of a network lock only what may be written, and no folders.
        may_write = os.access(path, os.W_OK) and not path.is_dir()
        self._descriptor = os.open(path, os.O_RDWR if may_write else os.O_RDONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BaseException:
            os.close(self._descriptor)
            raise
        _held.add(self)

    def is_on(self, path: Path) -> bool:
        """Whether ``path`` is the file that is locked: it may have been moved or replaced while we waited."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Release the lock; further calls do nothing."""
        if self in _held:
            _held.remove(self)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # also where a child process has the file open
            os.close(self._descriptor)


def acquire_lock(path: Path, *, wait: bool) -> Lock | None:
    """Lock a file or folder; return None, after a warning, where its disk (of a network) has no locks.

    Args:
        path: The file or folder.
        wait: Whether to wait until another program releases it.

    Raises:
        BlockingIOError: Another program holds the lock, and ``wait`` is false.
        FileNotFoundError: The file does not exist.
        PermissionError: The file must not be opened.
    """
    try:
        return Lock(path, wait=wait)
    except (BlockingIOError, FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        print(f"{path} cannot be locked ({error.strerror}): mind that no second run works there.", flush=True)
        return None


@contextmanager
def alone_in(folder: Path, advice: str) -> Iterator[None]:
    """Keep other runs out of a folder during the ``with`` block.

    Args:
        folder: An existing folder.
        advice: What a person can do other than wait, such as ``choose another folder with --out``.

    Raises:
        InputError: Another run is at work in the folder, or it cannot be opened.
    """
    try:
        lock = acquire_lock(folder, wait=False)
    except BlockingIOError:
        raise InputError(f"Another run is at work in {folder}; wait until it has ended, or {advice}.") from None
    except PermissionError as error:
        raise cannot_write(folder, error, advice) from error
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _forget() -> None:
    """Close the locks in a child process, which would otherwise keep them when its parent is killed."""
    while _held:
        os.close(_held.pop()._descriptor)


os.register_at_fork(after_in_child=_forget)
