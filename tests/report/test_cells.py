"""Every number of a table is formatted by one function, and read back from a row as it was written."""

import math

import pytest

from fdemd.metrics.intervals import Estimate
from fdemd.metrics.spread import Spread
from fdemd.report.cells import (
    difference,
    figure_columns,
    figure_of,
    interval_text,
    number,
    percent,
    rounded,
    spread_columns,
    spread_in,
    spread_text,
)

NOTHING = Estimate(math.nan, math.nan, math.nan)


def test_a_mean_stands_before_its_interval() -> None:
    assert percent(Estimate(0.7651, 0.67, 1.0)) == "76.5 (67.0-100)"
    assert interval_text(0.1234, 0.0, 1.5, digits=2) == "0.12 (0.00-1.50)"


def test_a_difference_has_its_sign_and_ends_that_may_be_negative() -> None:
    assert difference(Estimate(-0.1234, -0.201, -0.1)) == "-12.3 (-20.1, -10.0)"
    assert difference(Estimate(0.05, -0.01, 0.1)) == "+5.0 (-1.0, 10.0)"


def test_without_a_query_there_is_no_number() -> None:
    assert percent(NOTHING) == difference(NOTHING) == "no query"
    assert rounded(math.nan) is None
    assert number(None) == ""


@pytest.mark.parametrize(
    ("spread", "text"),
    [(Spread(95.81, 2.78), "95.8 +- 2.8"), (Spread(95.81, None), "95.8"), (Spread(None, None), "none")],
)
def test_a_deviation_follows_its_mean_if_there_is_one(spread: Spread, text: str) -> None:
    assert spread_text(spread) == text


def test_a_row_gives_back_its_figures() -> None:
    row = figure_columns("P@1", Estimate(0.7651, 0.67, 1.0)) | figure_columns("RP", None) | figure_columns("x", NOTHING)
    assert row["P@1"] == 76.51 and row["P@1 low"] == 67.0 and row["P@1 high"] == 100.0
    assert figure_of(row, "P@1") == pytest.approx((0.7651, 0.67, 1.0))
    assert math.isnan(figure_of(row, "RP").mean)
    assert row["x"] is None
    assert spread_in(spread_columns("P@1", Spread(95.8, 2.8)), "P@1") == Spread(95.8, 2.8)
