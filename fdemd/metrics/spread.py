"""Mean and standard deviation of one figure over several runs, such as trainings that differ in the seed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """A figure over several runs, in percent, rounded to four digits.

    Attributes:
        mean: Mean over the runs; None if a run has no such figure.
        deviation: Sample standard deviation (divided by n - 1); None if there is one run only.
    """

    mean: float | None
    deviation: float | None


def spread_of(shares: Sequence[float]) -> Spread:
    """Return mean and sample standard deviation in percent.

    Args:
        shares: One number in [0, 1] a run; NaN where the run has no such figure.

    >>> spread_of([0.5, 0.7])
    Spread(mean=60.0, deviation=14.1421)
    >>> spread_of([0.5])
    Spread(mean=50.0, deviation=None)
    """
    if any(math.isnan(share) for share in shares):
        return Spread(None, None)
    percent = [100 * share for share in shares]
    deviation = round(statistics.stdev(percent), 4) if len(percent) > 1 else None
    return Spread(round(statistics.mean(percent), 4), deviation)
