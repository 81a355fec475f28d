"""Open-set rates against loops over their definitions, and against scikit-learn where it has the same curve."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import det_curve as sklearn_det_curve

from fdemd.metrics.open_set import det_curve, mated_scores, searches_needed, threshold_at_fpir


def scores(count: int, ties: bool, missed: int = 0) -> torch.Tensor:
    """Scores of searches, of which the last ones had no candidates."""
    drawn = torch.randn(count)
    drawn = (2 * drawn).round() / 2 if ties else drawn
    drawn[count - missed :] = -torch.inf
    return drawn


def fnir(mated: torch.Tensor, threshold: float) -> float:
    """The definition: the share of mated searches with a score below the threshold."""
    return sum(score < threshold for score in mated.tolist()) / len(mated)


def fpir(nonmated: torch.Tensor, threshold: float) -> float:
    """The definition: the share of non-mated searches whose best score reaches the threshold."""
    return sum(score >= threshold for score in nonmated.tolist()) / len(nonmated)


@given(st.integers(1, 12), st.integers(1, 8), st.integers(1, 9), st.floats(-2, 2), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_a_mated_search_fails_without_its_person_in_the_first_r_places_above_t(
    searches: int, places: int, rank: int, threshold: float, seed: int
) -> None:
    torch.manual_seed(seed)
    hits = torch.rand(searches, places) < 0.3
    table = torch.randn(searches, places).sort(dim=1, descending=True).values

    failed = 0
    for right, row in zip(hits.tolist(), table.tolist(), strict=True):
        found = [score for hit, score in zip(right[:rank], row[:rank], strict=True) if hit and score >= threshold]
        failed += not found

    assert fnir(mated_scores(hits, table, rank), threshold) == pytest.approx(failed / searches)


def test_a_search_without_candidates_is_a_miss_and_never_a_false_alarm() -> None:
    nobody = mated_scores(torch.zeros(3, 0, dtype=torch.bool), torch.zeros(3, 0), 1)
    assert nobody.tolist() == [-math.inf] * 3
    assert fnir(nobody, -1e300) == 1
    assert fpir(nobody, -1e300) == 0


@given(st.integers(1, 300), st.sampled_from([0.1, 0.01, 0.25]), st.booleans(), st.integers(0, 999))
@settings(max_examples=80, deadline=None)
def test_the_threshold_is_the_lowest_that_keeps_the_rate(count: int, rate: float, ties: bool, seed: int) -> None:
    torch.manual_seed(seed)
    nonmated = scores(count, ties)
    threshold = threshold_at_fpir(nonmated, rate)
    if count * rate < 1 - 1e-9:
        assert threshold is None
        return
    assert threshold is not None
    assert fpir(nonmated, threshold) <= rate + 1e-12
    assert fpir(nonmated, np.nextafter(threshold, -np.inf)) > rate


def test_equal_scores_are_rejected_together() -> None:
    nonmated = torch.tensor([3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert fpir(nonmated, threshold_at_fpir(nonmated, 0.3) or 0) == 0.1


@pytest.mark.parametrize(("rate", "needed"), [(0.1, 10), (0.01, 100), (0.001, 1000), (0.3, 4)])
def test_too_small_a_set_has_no_threshold(rate: float, needed: int) -> None:
    assert searches_needed(rate) == needed
    assert threshold_at_fpir(torch.randn(needed - 1), rate) is None
    assert threshold_at_fpir(torch.randn(needed), rate) is not None


@pytest.mark.parametrize("ties", [False, True])
def test_every_point_of_the_curve_is_that_of_a_loop(ties: bool) -> None:
    mated, nonmated = scores(50, ties, missed=3) + 1, scores(80, ties, missed=5)
    curve = det_curve(mated, nonmated)
    for threshold, false_alarms, misses in zip(*(part.tolist() for part in curve), strict=True):
        assert misses == pytest.approx(fnir(mated, threshold))
        assert false_alarms == pytest.approx(fpir(nonmated, threshold))
    assert curve.fpir[-1] == 0
    assert curve.fnir[-1] == 1


@pytest.mark.parametrize("ties", [False, True])
def test_the_curve_holds_scikit_learns_where_every_first_place_is_right(ties: bool) -> None:
    mated, nonmated = scores(200, ties) + 1, scores(300, ties)
    ours = {
        (round(x, 9), round(y, 9))
        for x, y in zip(*map(torch.Tensor.tolist, det_curve(mated, nonmated)[1:]), strict=True)
    }
    labels = np.r_[np.ones(200), np.zeros(300)]
    theirs = sklearn_det_curve(labels, torch.cat([mated, nonmated]).numpy())
    assert {(round(float(x), 9), round(float(y), 9)) for x, y in zip(*theirs[:2], strict=True)} <= ours
