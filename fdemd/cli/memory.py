"""Memory of a command: what was freed is kept for what comes next."""

from __future__ import annotations

import ctypes
import os

_MMAP_THRESHOLD, _TRIM_THRESHOLD, _ARENA_MAX = -3, -1, -8
"""Parameters of glibc's ``mallopt``, by their numbers in malloc.h."""
_LARGEST = 2**31 - 1
"""The largest value that mallopt takes: 2 GiB less a byte."""


def keep_freed_memory() -> None:
    """Let the process keep the memory that tensors leave, as far as its C library can be told to.

    glibc gives large blocks back to the system at once, which clears them page by page when the next tensor asks for
    them: on a CPU that takes as long as a small network itself. One arena serves all threads, since the others cannot
    hold large blocks. Who sets glibc's own variables (``MALLOC_ARENA_MAX`` and the like) decides instead.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # macOS and musl have none
    if mallopt is None or any(name.startswith("MALLOC_") for name in os.environ):
        return
    for parameter, value in ((_MMAP_THRESHOLD, _LARGEST), (_TRIM_THRESHOLD, _LARGEST), (_ARENA_MAX, 1)):
        mallopt(parameter, value)
