"""A rate that was promised is the rate that comes out, on strangers who played no part in setting the threshold."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, genpareto, norm

from fdemd.errors import InputError
from fdemd.gallery.threshold import FEWEST, Calibration, fit_tail, in_words


def strangers(searches: int, people: int, seed: int) -> np.ndarray:
    """Best of so many normal scores a search."""
    return np.random.default_rng(seed).normal(size=(searches, people)).max(1)


@pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
@pytest.mark.parametrize("searches", [300, 1000])
def test_thresholds_hold_on_other_strangers(rate: float, searches: int) -> None:
    """In the middle of 40 galleries the rate that comes out is between 0.6 and 1.4 times the one that was promised."""
    people = 50
    met = [
        1 - norm.cdf(Calibration.of(strangers(searches, people, seed), people).threshold(rate, people)) ** people
        for seed in range(40)
    ]
    assert 0.6 < np.median(met) / rate < 1.4
    if rate * searches >= 10:
        # A single gallery errs as much as counting in so many searches does.
        low, high = binom.interval(0.99, searches, rate)
        assert np.mean([low <= each * searches <= high for each in met]) > 0.9


@pytest.mark.parametrize(("before", "after"), [(1, 30), (100, 400), (400, 100)])
def test_a_gallery_of_another_size_needs_no_other_strangers(before: int, after: int) -> None:
    calibration = Calibration.of(strangers(5000, before, 0), before)
    met = 1 - norm.cdf(calibration.threshold(0.1, after)) ** after
    assert 0.07 < met < 0.14


@given(st.integers(0, 20), st.sampled_from([20, 45, 100, 3000]), st.sampled_from([1, 7, 40]))
def test_rates_and_thresholds_are_each_others_inverse_and_fall(seed: int, searches: int, people: int) -> None:
    calibration = Calibration.of(strangers(searches, 5, seed), 5)
    scores = np.linspace(-1, 6, 50)
    rates = [calibration.rate(score, people) for score in scores]
    assert all(0 < rate <= 1 for rate in rates)
    assert all(one >= other for one, other in pairwise(rates))
    for rate in (0.3, 0.1, 0.05):
        met = calibration.rate(calibration.threshold(rate, people), people)
        assert met <= rate * (1 + 1e-6)
        assert met >= rate * 0.5 - max(1, people / 5) / searches


def test_equal_scores_pass_together_or_not_at_all() -> None:
    calibration = Calibration.of(np.ones(100), 10)
    assert calibration.threshold(0.01, 10) > 1 - 1e-9
    assert calibration.rate(1.0, 10) == pytest.approx(1)
    assert calibration.spread == 0


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2])
def test_the_tail_is_that_of_the_distribution_it_was_drawn_from(shape: float) -> None:
    excess = np.sort(genpareto.rvs(shape, scale=0.05, size=20_000, random_state=0))
    found, scale = fit_tail(excess)
    assert found == pytest.approx(shape, abs=0.03)
    assert scale == pytest.approx(0.05, rel=0.03)


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(InputError, match=f"from 19 searches; {FEWEST} are needed"):
        Calibration.of(np.arange(19.0), 3)
    calibration = Calibration.of(strangers(100, 5, 0), 5)
    for rate in (0.0, 1.0, -1, 2):
        with pytest.raises(InputError, match="a rate lies between 0 and 1"):
            calibration.threshold(rate, 5)
    with pytest.raises(InputError, match=r"fpir=1e-06 is smaller than what 100 strangers' scores can tell \(0.0002\)"):
        calibration.threshold(1e-6, 5)


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (1.0, "10 strangers in 10 look as much alike"),
        (0.2, "2 strangers in 10 look as much alike"),
        (0.05, "1 stranger in 20 looks as much alike"),
        (0.00123, "1 stranger in 810 looks as much alike"),
        (1e-9, "fewer than 1 stranger in 50,000 looks as much alike"),
    ],
)
def test_rates_in_words(rate: float, words: str) -> None:
    assert in_words(rate, 2e-5) == words
