"""Figures of searches, from given scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from fdemd.repro.gallery_measure import (
    Searches,
    ambiguous,
    at_same_rate,
    at_threshold,
    binomial_interval,
    holds,
    rank_1,
    templates,
)

FOUND = Searches(
    score=np.array([0.9, 0.8, 0.4, 0.7, 0.6, 0.3]),
    lead=np.array([0.5, 0.01, 0.2, 0.3, 0.1, 0.1]),
    right=np.array([True, False, True, True, False, False]),
    mated=np.array([True, True, True, True, False, False]),
)


def test_mated_searches_are_missed_and_others_get_a_name() -> None:
    assert rank_1(FOUND) == 75
    found = at_threshold(FOUND, np.full(6, 0.5), 0.1)
    assert (found["promised"], found["FPIR"], found["FNIR"]) == (10, 50, 50)
    assert found["interval"] == binomial_interval(1, 2)
    assert at_threshold(FOUND, np.array([0.5, 0.5, 0.4, 0.5, 0.61, 0.5]), 0.1)["FNIR"] == 25  # each its own
    assert ambiguous(FOUND, np.full(6, 0.05)) == 25
    assert len(FOUND[FOUND.mated]) == 4


def test_a_threshold_from_these_very_strangers() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=1100)
    mated = np.arange(1100) < 100
    found = Searches(scores, scores, mated, mated)
    expected = np.mean(scores[:100] < np.sort(scores[100:])[-100])
    assert at_same_rate(found, 0.1) == pytest.approx(100 * expected, abs=1.01)


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_interval_is_the_exact_one(hits: int, more: int) -> None:
    number = hits + more
    low, high = binomial_interval(hits, number)
    assert low <= 100 * hits / number <= high
    assert binom.cdf(hits, number, min(1.0, high / 100 + 1e-4)) <= 0.0251
    if hits:
        assert binom.sf(hits - 1, number, max(0.0, low / 100 - 1e-4)) <= 0.0251
    else:
        assert low == 0


def test_people_are_scored_by_their_best_photograph_or_by_the_mean() -> None:
    enrolled = np.array([[1.0, 0], [0, 1], [0.8, 0.6], [0.8, 0.6]])
    found = templates(enrolled, np.array([3, 3, 5, 5]), np.array([[1.0, 0], [0.6, 0.8]]))
    assert found["best"][0].tolist() == [3, 5]
    np.testing.assert_allclose(found["best"][1], [[1, 0.8], [0.96, 0.8]])
    np.testing.assert_allclose(found["mean"][1], [[0.8, 0.5**0.5], [1.4 * 0.5**0.5, 0.96]])
    assert found["mean"][0].tolist() == [5, 3]


def test_a_promise_holds_within_half_and_twice() -> None:
    rows = [
        {"query": "clean", "rates": [{"promised": 10.0, "FPIR": 5.0}, {"promised": 1.0, "FPIR": 2.1}]},
        {"query": "crop", "rates": [{"promised": 10.0, "FPIR": 40.0}]},
    ]
    assert holds(rows, 10.0, ["clean"])
    assert not holds(rows, 10.0, ["clean", "crop"])
    assert not holds(rows, 1.0, ["clean"])
