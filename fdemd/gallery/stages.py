"""What the parts of the work take, told to whoever wants to know: a server's figures, a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

Observer = Callable[[str, float], None]
"""Takes the name of a stage and a number: seconds, or for ``BATCH`` faces."""
BATCH = "batch"
"""Name under which the number of faces is told that went through the network together."""
_observers: list[Observer] = []


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Tell an observer of all stages, of all threads of the process, during the ``with`` block.

    Examples:
        >>> seen = []
        >>> with observed_by(lambda name, seconds: seen.append(name)), stage("search"):
        ...     pass
        >>> seen
        ['search']
    """
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Measure the ``with`` block as a stage of the work."""
    began = perf_counter()
    try:
        yield
    finally:
        note(name, perf_counter() - began)


def note(name: str, number: float) -> None:
    """Tell the observers a number."""
    for observer in tuple(_observers):
        observer(name, number)
