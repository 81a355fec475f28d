"""Figures of merit of pairs against scikit-learn, against brute force, and by hand."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score
from sklearn.metrics import roc_curve as sklearn_roc_curve
from sklearn.model_selection import KFold
from torch import Tensor

from fdemd.metrics.verification import best_threshold, fold_accuracy, roc_curve, tar_at_far


def scored(pairs: int, folds: int = 1, ties: bool = False, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, who is the same, and folds: in each fold first the pairs of one person, as LFW has them."""
    generator = torch.Generator().manual_seed(seed)
    same = (torch.arange(pairs) % (pairs // folds)) < pairs // folds // 2
    score = torch.randn(pairs, generator=generator) + 2 * same
    return (score * 2).round() / 2 if ties else score, same, torch.arange(pairs) // (pairs // folds)


def accuracies(score: Tensor, same: Tensor, thresholds: list[float]) -> list[float]:
    return [float(((score.double() >= threshold) == same).double().mean()) for threshold in thresholds]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_does_better(ties: bool, seed: int) -> None:
    score, same, _ = scored(200, ties=ties, seed=seed)
    every_cut = [*score.double().tolist(), math.inf]

    (found,) = accuracies(score, same, [best_threshold(score, same)])

    assert found == max(accuracies(score, same, every_cut))


def test_the_threshold_lies_half_way_between_scores_and_the_highest_of_equals_is_taken() -> None:
    same = torch.tensor([True, False, True, False])
    assert best_threshold(torch.tensor([4.0, 3.0, 2.0, 1.0]), same) == 3.5


@pytest.mark.parametrize("ties", [False, True])
def test_fold_accuracy_is_that_of_a_loop_over_kfold(ties: bool) -> None:
    score, same, fold = scored(600, folds=10, ties=ties)

    found = fold_accuracy(score, same, fold)

    expected = []
    for train, test in KFold(10).split(score):  # LFW's folds are consecutive
        threshold = best_threshold(score[train], same[train])
        assert accuracies(score[train], same[train], [threshold]) == [
            max(accuracies(score[train], same[train], score.double().tolist()))
        ]
        expected.append(accuracy_score(same[test], score[test] >= threshold))
    np.testing.assert_allclose(found.accuracy, expected)
    assert found.mean == pytest.approx(np.mean(expected))
    assert found.deviation == pytest.approx(np.std(expected, ddof=1))
    assert found.standard_error == pytest.approx(np.std(expected, ddof=1) / np.sqrt(10))


def test_the_threshold_of_a_fold_comes_from_the_others() -> None:
    score = torch.tensor([0.9, 0.1, 9.0, 5.0])  # the second fold has another scale, on which 0.5 is no threshold
    same = torch.tensor([True, False, True, False])

    found = fold_accuracy(score, same, torch.tensor([0, 0, 1, 1]))

    assert found.threshold.tolist() == pytest.approx([7.0, 0.5])
    assert found.accuracy.tolist() == [0.5, 0.5]


def test_infinite_scores_are_decided_whatever_the_threshold() -> None:
    score, same, fold = scored(200, folds=2)
    spoiled = score.clone()
    spoiled[[0, 1, 150]] = -torch.inf  # two pairs of one person in the first fold, one of two people in the second
    spoiled[60] = torch.inf  # two people, first fold
    separable = torch.where(same, 1.0, 0.0).where(spoiled.isfinite(), spoiled)

    assert fold_accuracy(separable, same, fold).accuracy.tolist() == [0.97, 1.0]


@pytest.mark.parametrize("ties", [False, True])
def test_roc_is_scikit_learns(ties: bool) -> None:
    score, same, _ = scored(500, ties=ties)

    far, tar = roc_curve(score, same)

    expected_far, expected_tar, _ = sklearn_roc_curve(same, score, drop_intermediate=False)
    np.testing.assert_allclose(far, expected_far)
    np.testing.assert_allclose(tar, expected_tar)


@pytest.mark.parametrize("far", [0.1, 0.05, 0.02, 0.004])
def test_tar_at_far_is_where_the_roc_reaches_that_rate(far: float) -> None:
    score, same, _ = scored(1000)

    point = tar_at_far(score, same, far)

    rates, tar = roc_curve(score, same)
    assert point.tar == pytest.approx(float(tar[rates >= far - 1e-12].min()))
    assert point.allowed == round(500 * far) == int((score[~same] >= point.threshold).sum())


def test_a_rate_too_small_for_the_set_accepts_only_above_every_negative() -> None:
    score, same = torch.tensor([3.0, 2.0, 2.0, 1.0]), torch.tensor([True, True, False, False])

    point = tar_at_far(score, same, 0.1)

    assert (point.allowed, point.tar) == (0, 0.5)
    assert point.threshold > 2
    assert tar_at_far(score, same, 0.5).tar == 1.0
