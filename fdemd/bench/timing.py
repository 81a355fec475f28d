"""Fair timing of things that do the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

_ROUNDS = 3
"""At least this many."""


def interleaved(calls: Sequence[Callable[[], object]], seconds: float) -> list[tuple[float, ...]]:
    """Time calls in turn, so that a machine that gets slower or busier meanwhile is so for all of them.

    Args:
        calls: what to time; each is called once before, uncounted.
        seconds: to go on for, three rounds at least.

    Returns:
        The seconds of each call in each round.
    """
    for call in calls:
        call()
    rounds: list[tuple[float, ...]] = []
    started = time.perf_counter()
    while len(rounds) < _ROUNDS or time.perf_counter() - started < seconds:
        rounds.append(tuple(_seconds(call) for call in calls))
    return rounds


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
