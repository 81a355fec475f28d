"""Fair timing of functions that do the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

_ROUNDS = 3
"""At least this many."""


def interleaved(calls: Sequence[Callable[[], object]], seconds: float) -> list[tuple[float, ...]]:
    """Time calls in turn, so that a machine that gets slower or busier meanwhile is so for all of them.

    Args:
        calls: Functions to time; each is called once before, uncounted.
        seconds: Time to go on for in seconds; there are three rounds at least.

    Returns:
        The time of each call in each round in seconds.
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
