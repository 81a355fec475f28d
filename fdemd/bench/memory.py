"""Memory that a process and those it started have to themselves, without files that are mapped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")
_COUNTED = ("Pss_Anon:", "Pss_Shmem:")
"""What several processes share counts for each by its part, so that copies are seen where they are made."""


def own_memory() -> int | None:
    """Return the bytes that this process and all below it take together; None where the system does not say."""
    try:
        return sum(map(_bytes_of, _family(os.getpid())))
    except OSError:
        return None


def _family(process: int) -> Iterator[int]:
    yield process
    for task in (_PROCESSES / str(process) / "task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _bytes_of(process: int) -> int:
    lines = (line.split() for line in (_PROCESSES / str(process) / "smaps_rollup").read_text().splitlines()[1:])
    return sum(1024 * int(words[1]) for words in lines if words[0] in _COUNTED)
