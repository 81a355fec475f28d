"""A file that one program holds at a time: who works in a folder, told even if that program is killed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_held: set[Lock] = set()


class Lock:
    """A lock on an existing file. It ends when it is released, or with its process, however that ends."""

    def __init__(self, path: Path, *, wait: bool) -> None:
        """Lock the file.

        Args:
            path: the file; nothing is written to it.
            wait: until another program releases it.

        Raises:
            BlockingIOError: another program holds it, and ``wait`` is false.
            OSError: it is not there or not ours to open, or the disk knows no locks.
        """
        # File systems of a network lock only what may be written.
        self._descriptor = os.open(path, os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY)
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
        """Let others have it; once is enough."""
        if self in _held:
            _held.remove(self)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # also where a child process has the file open
            os.close(self._descriptor)


def _forget() -> None:
    """A child process shares its parent's locks, and would keep them when the parent is killed."""
    while _held:
        os.close(_held.pop()._descriptor)


os.register_at_fork(after_in_child=_forget)
