"""The folder in which an entry of the cache is made, beside its place and locked while a program works there."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import tempfile
from pathlib import Path

from fdemd.cache.entries import ENTRY, UNFINISHED, destroy
from fdemd.files.lock import Lock
from fdemd.files.ownership import MARK, is_marked, write_mark

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
_log = logging.getLogger(__name__)


class UnfinishedFolder:
    """A marked and locked folder, private to this program or shared by all programs that make the same entry.

    Attributes:
        path: Path of the folder.
        waited: Whether another program worked in the shared folder.
    """

    def __init__(self, entry: Path, what: str) -> None:
        """Make a private folder.

        Args:
            entry: Path of the entry.
            what: What the entry will hold, for messages.

        Raises:
            OSError: The folder cannot be made.
        """
        self._entry, self._what, self.waited = entry, what, False
        self.path, self._lock = self._private()

    def share(self) -> None:
        """Move to the folder that an earlier run left of this entry, once no other program works there.

        If there is none, the private folder becomes it. If it is not ours, or the disk has no locks, stay private.
        """
        shared = self._entry.with_name(f"{UNFINISHED}{self._entry.name}")
        try:
            while self._lock and self.path != shared:
                try:
                    self.path.rename(shared)
                    self.path = shared
                except OSError as error:
                    if error.errno not in _TAKEN or not self._moved_to(shared):
                        return
        except BaseException:  # Ctrl-C while waiting
            self.discard()
            self.release()
            raise

    def discard(self) -> None:
        """Delete the folder."""
        with contextlib.suppress(OSError):  # it is marked, and removed another time
            destroy(self.path)

    def release(self) -> None:
        """Release the lock on the folder, or on the entry that it has become."""
        if self._lock:
            self._lock.release()

    def _private(self) -> tuple[Path, Lock | None]:
        while True:
            folder = Path(tempfile.mkdtemp(dir=self._entry.parent, prefix=UNFINISHED))
            try:
                write_mark(folder, ENTRY)
            except BaseException as error:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                if isinstance(error.__cause__, OSError):  # told of the entry, not of its mark
                    raise error.__cause__ from None
                raise
            try:
                lock = Lock(folder / MARK, wait=True)
            except FileNotFoundError:  # another run took it for abandoned
                continue
            except OSError:
                return folder, None
            if lock.is_on(folder / MARK):
                return folder, lock
            lock.release()

    def _moved_to(self, shared: Path) -> bool:
        """Move to the shared folder; return False if it is not ours to use, True if done or worth another try."""
        if not is_marked(shared, ENTRY):
            return not os.path.lexists(shared)
        try:
            lock = self._next_lock(shared / MARK)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        if not lock.is_on(shared / MARK):  # finished or removed while we waited
            lock.release()
            return True
        self.discard()
        self.release()
        self.path, self._lock = shared, lock
        return True

    def _next_lock(self, mark: Path) -> Lock:
        try:
            return Lock(mark, wait=False)
        except BlockingIOError:
            self.waited = True
            _log.warning("Another run is making the %s in %s; waiting for it.", self._what, mark.parent)
            return Lock(mark, wait=True)
