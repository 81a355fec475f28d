"""Progress of long work: a bar on a terminal, a line now and then elsewhere, so that a log never stands still."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY = 30.0
"""Seconds between two lines; work that is done sooner says nothing."""

Each = TypeVar("Each")


@contextmanager
def steady_progress(description: str, total: int | None, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Show the progress of work on stderr; yields the function to call with the number of items just done.

    Args:
        description: Name of the work, such as ``Aligning faces``.
        total: Number of items; None if unknown.
        done: Number of items that an earlier run did.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(description, total, done).advance
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(description, total=total, completed=done)
        yield lambda count: progress.advance(task, count)


def track(items: Iterable[Each], description: str, total: int | None = None) -> Iterator[Each]:
    """Yield items one by one and show how many are done, see :func:`steady_progress`.

    Args:
        items: The items.
        description: Name of the work.
        total: Number of items, if they have no length.
    """
    if total is None:
        total = len(items) if isinstance(items, Sized) else None
    with steady_progress(description, total) as advance:
        for item in items:
            yield item
            advance(1)


class _Lines:
    """``Aligning faces: 1,200 of 13,233 (9 %), 4 min left``, at most every :data:`EVERY` seconds."""

    def __init__(self, description: str, total: int | None, done: int) -> None:
        self._description, self._total = description, total
        self._before = self._done = done
        self._began = self._told = monotonic()

    def advance(self, count: int) -> None:
        self._done += count
        now = monotonic()
        if now - self._told < EVERY or self._done == self._total:
            return
        self._told = now
        text = f"{self._description}: {self._done:,}"
        if self._total:
            left = (now - self._began) / max(self._done - self._before, 1) * (self._total - self._done)
            text += f" of {self._total:,} ({self._done / self._total:.0%}), {_span(left)} left".replace("%", " %")
        print(text, file=sys.stderr, flush=True)


def _span(seconds: float) -> str:
    """Return a duration in seconds as a short text.

    >>> _span(12), _span(250), _span(10_000)
    ('12 s', '4 min', '2.8 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
