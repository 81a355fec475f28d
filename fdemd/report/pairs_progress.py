"""A bar over (query, candidate) pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def pairs_progress(total: int | None, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Show a bar; what it gives is told the number of pairs just computed.

    Args:
        total: a guess, as protocols beyond the first add some pairs; None if earlier runs may have stored any of them.
        shown: False where nothing is re-ranked.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not shown) as progress:
        task = progress.add_task("Re-ranking pairs", total=total)
        yield lambda pairs: progress.advance(task, pairs)
        progress.update(task, total=progress.tasks[task].completed)
