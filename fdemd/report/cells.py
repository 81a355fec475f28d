"""Figures as cells of a table, and as columns of a row: every number is formatted here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fdemd.metrics.intervals import Estimate
from fdemd.metrics.spread import Spread

NO_QUERY = "no query"
"""Stands where there was no query to average over."""


def rounded(share: float) -> float | None:
    """Return a share in percent with four digits; None for NaN, which JSON does not know.

    >>> rounded(0.98254)
    98.254
    """
    return None if math.isnan(share) else round(100 * share, 4)


def interval_text(mean: float, low: float, high: float, digits: int = 1) -> str:
    """Return a figure in percent with its interval.

    >>> interval_text(98.25, 95.5, 100.0)
    '98.2 (95.5-100)'
    """
    ends = "-".join("100" if end == 100 else f"{end:.{digits}f}" for end in (low, high))
    return f"{mean:.{digits}f} ({ends})"


def percent(estimate: Estimate) -> str:
    """Return a mean in [0, 1] as percent with its interval.

    >>> percent(Estimate(0.765, 0.67, 1.0))
    '76.5 (67.0-100)'
    """
    if math.isnan(estimate.mean):
        return NO_QUERY
    return interval_text(100 * estimate.mean, 100 * estimate.low, 100 * estimate.high)


def difference(estimate: Estimate) -> str:
    """Return a difference of two means, in percentage points, with its interval, whose ends may be negative.

    >>> difference(Estimate(0.012, -0.004, 0.03))
    '+1.2 (-0.4, 3.0)'
    """
    if math.isnan(estimate.mean):
        return NO_QUERY
    return f"{100 * estimate.mean:+.1f} ({100 * estimate.low:.1f}, {100 * estimate.high:.1f})"


def number(value: float | None, digits: int = 1) -> str:
    """Return a number, or nothing for None."""
    return "" if value is None else f"{value:.{digits}f}"


def spread_text(spread: Spread, digits: int = 1) -> str:
    """Return mean and standard deviation, or the mean alone if there is one run only.

    >>> spread_text(Spread(95.8, 2.8))
    '95.8 +- 2.8'
    """
    if spread.mean is None:
        return "none"
    return f"{spread.mean:.{digits}f}" + ("" if spread.deviation is None else f" +- {spread.deviation:.{digits}f}")


def figure_columns(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    """Return the columns ``NAME``, ``NAME low`` and ``NAME high`` of a row, in percent; each None without a figure."""
    columns = name, f"{name} low", f"{name} high"
    return dict.fromkeys(columns) if estimate is None else dict(zip(columns, map(rounded, estimate), strict=True))


def spread_columns(name: str, spread: Spread) -> dict[str, float | None]:
    """Return the columns ``NAME`` and ``NAME sd`` of a row."""
    return {name: spread.mean, f"{name} sd": spread.deviation}


def figure_of(row: Mapping[str, Any], name: str) -> Estimate:
    """Return what :func:`figure_columns` wrote into a row, as shares; NaN where there is no figure."""
    values = (row[name], row[f"{name} low"], row[f"{name} high"])
    return Estimate(*(math.nan if value is None else value / 100 for value in values))


def spread_in(row: Mapping[str, Any], name: str) -> Spread:
    """Return what :func:`spread_columns` wrote into a row."""
    return Spread(row[name], row[f"{name} sd"])
