"""How a process that works for another one begins, so that it ends with the other and leaves signals to it."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import connection, parent_process


def worker_init(worker: int) -> None:
    """Begin a worker of a :class:`~torch.utils.data.DataLoader`: its ``worker_init_fn``, wherever there is one.

    A signal to the whole group (Ctrl-C, ``scancel``) is the parent's to answer: it may still need batches to come to a
    clean end, and it takes its workers down by itself. SIGTERM is how it does that, so that it counts from the parent.

    Args:
        worker: Number of the worker, which makes no difference.
    """
    if hasattr(signal, "sigwaitinfo"):  # macOS has none; there PyTorch's own handler ends a worker whoever says so
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_when_parent_says, daemon=True).start()
    end_with_parent()


def _end_when_parent_says() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)


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
