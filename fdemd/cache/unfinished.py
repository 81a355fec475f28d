"""Where an entry of the cache is made: a folder beside its place, on which a program holds a lock while it works."""

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
    """A folder that carries our mark and is locked, of this program alone or shared by all that make the same entry.

    Attributes:
        path: of the folder.
        waited: another program worked in the shared one.
    """

    def __init__(self, place: Path, what: str) -> None:
        """Make a folder of this program alone.

        Args:
            place: of the entry.
            what: it will hold.

        Raises:
            OSError: it cannot be made.
        """
        self._place, self._what, self.waited = place, what, False
        self.path, self._lock = self._private()

    def share(self) -> None:
        """Go on with the folder that an earlier run left of this entry, once no other program works there.

        If there is none, this one becomes it. Where it is not ours, or the disk knows no locks, stay alone.
        """
        shared = self._place.with_name(f"{UNFINISHED}{self._place.name}")
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
        """Let other programs have it, or what has become of it."""
        if self._lock:
            self._lock.release()

    def _private(self) -> tuple[Path, Lock | None]:
        while True:
            folder = Path(tempfile.mkdtemp(dir=self._place.parent, prefix=UNFINISHED))
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
        """Whether it is worth to try again, or done: False where the shared folder is not ours to use."""
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
