"""Mean and standard deviation over seeds, as numbers and as text."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence


def mean_and_deviation(shares: Sequence[float]) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation in percent, rounded; None where a seed has no figure, or is alone."""
    if any(math.isnan(share) for share in shares):
        return None, None
    percent = [100 * share for share in shares]
    return round(statistics.mean(percent), 4), round(statistics.stdev(percent), 4) if len(percent) > 1 else None


def spread_note(seeds: int) -> str:
    """What the numbers of a table are, to be put before a full stop; nothing for a single seed, which has no spread."""
    return ", mean +- standard deviation over seeds" if seeds > 1 else ""


def spread_text(mean: float | None, deviation: float | None, digits: int = 1) -> str:
    """``95.8 +- 2.8``, without the second number where there is none."""
    if mean is None:
        return "none"
    return f"{mean:.{digits}f}" + ("" if deviation is None else f" +- {deviation:.{digits}f}")
