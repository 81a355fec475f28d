"""What every process that works for another one begins with: gone when the other is, and quiet until then."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import connection, parent_process


def worker_init(worker: int) -> None:
    """Begin a worker of a :class:`~torch.utils.data.DataLoader`: its ``worker_init_fn``, wherever there is one.

    A signal to the whole group (Ctrl-C, ``scancel``) is the parent's to answer: it may still need batches to come to a
    clean end, and it takes its workers down by itself.

    Args:
        worker: its number, which makes no difference.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_with_parent()


def end_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end this process as soon as the parent has ended, however it did.

    A worker that hands over data would otherwise wait for ever for a parent that was killed to take them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
