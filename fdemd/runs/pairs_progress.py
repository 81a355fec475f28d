"""How far re-ranking is, in (query, candidate) pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fdemd.runs.steady_progress import steady_progress


@contextmanager
def pairs_progress(total: int | None, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Show it; what it gives is told the number of pairs just computed.

    Args:
        total: a guess, as protocols beyond the first add some pairs; None if earlier runs may have stored any of them.
        shown: False where nothing is re-ranked.
    """
    if not shown:
        yield lambda pairs: None
        return
    with steady_progress("Re-ranking pairs", total) as advance:
        yield advance
