"""Progress of re-ranking, in (query, candidate) pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fdemd.runs.steady_progress import steady_progress


@contextmanager
def pairs_progress(total: int | None, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Show the progress of re-ranking; yields the function to call with the number of pairs just computed.

    Args:
        total: Estimated number of pairs, as further protocols add some; None if earlier runs may have stored some.
        shown: Whether to show anything; False if nothing is re-ranked.
    """
    if not shown:
        yield lambda pairs: None
        return
    with steady_progress("Re-ranking pairs", total) as advance:
        yield advance
