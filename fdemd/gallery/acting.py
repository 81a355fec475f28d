"""Who asks for a change: a fact of the whole request, which the change log takes down beside each change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ACTOR: ContextVar[str | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: str | None) -> Iterator[None]:
    """Log the changes of the ``with`` block as somebody's, in this thread alone.

    Args:
        actor: Name of the key that was shown; None if none was.

    Examples:
        >>> with acting("front desk"):
        ...     whoever_acts()
        'front desk'
    """
    before = _ACTOR.set(actor)
    try:
        yield
    finally:
        _ACTOR.reset(before)


def whoever_acts() -> str | None:
    """Return who asks for changes in this thread; None where nobody said so."""
    return _ACTOR.get()
