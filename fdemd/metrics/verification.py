"""How well scores tell pairs of one person from pairs of two: k-fold accuracy, TAR at FAR, ROC (LFW View 2).

A pair is accepted if its score is at least the threshold. A score of -inf is never accepted, one of +inf always is.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.tensors.checks import checked


class FoldAccuracy(NamedTuple):
    """Accuracy in [0, 1] of each fold, and the threshold that the other folds chose, both ``(F,)`` float64."""

    accuracy: Tensor
    threshold: Tensor

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return float(self.accuracy.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation over the folds (divided by F - 1, as LFW's report defines it)."""
        return float(self.accuracy.std())

    @property
    def standard_error(self) -> float:
        """Of the mean: the deviation over the root of F."""
        return self.deviation / len(self.accuracy) ** 0.5


@checked(score="score P", same="bool P", fold="whole P")
def fold_accuracy(score: Tensor, same: Tensor, fold: Tensor) -> FoldAccuracy:
    """Accuracy on each fold with the threshold that is best on all other folds (Huang et al. 2007, View 2).

    Args:
        score: ``(P,)``; larger is closer. At least one finite score outside each fold.
        same: ``(P,)`` boolean, whether the pair shows one person.
        fold: ``(P,)`` integers from 0, two or more different ones.

    Raises:
        ValueError: the folds are not so, one has no pair, or all other pairs have no finite score.
    """
    folds = fold.unique().tolist()
    if len(folds) < 2 or folds != list(range(len(folds))):
        raise ValueError(f"Folds are counted from 0, and there are two or more with pairs in each, not {folds}.")
    results = []
    for number in folds:
        inside = fold == number
        threshold = best_threshold(score[~inside], same[~inside])
        right = (score[inside].double() >= threshold) == same[inside]
        results.append((right.double().mean(), torch.tensor(threshold, dtype=torch.float64)))
    accuracy, thresholds = zip(*results, strict=True)
    return FoldAccuracy(torch.stack(accuracy), torch.stack(thresholds))


@checked(score="score P", same="bool P")
def best_threshold(score: Tensor, same: Tensor) -> float:
    """The finite threshold with the most right decisions.

    Thresholds lie half-way between neighbouring scores, at the lowest finite score, or above the highest; of equally
    good ones the highest is taken. Arguments as in :func:`fold_accuracy`.

    Raises:
        ValueError: no score is finite.
    """
    score = score.double()
    levels = score[score.isfinite()].unique()
    if not len(levels):
        raise ValueError("No pair has a score, so that there is no threshold.")
    above = torch.nextafter(levels[-1:], levels.new_tensor([torch.inf]))
    thresholds = torch.cat([levels[:1], (levels[:-1] + levels[1:]) / 2, above])
    right = _accepted(score[same], thresholds) - _accepted(score[~same], thresholds)
    return float(thresholds[(right == right.max()).nonzero()[-1, 0]])


class TarAtFar(NamedTuple):
    """What is accepted at one threshold.

    Attributes:
        far: Share of pairs of two people that was allowed.
        tar: Share of pairs of one person that is accepted.
        threshold: Threshold on the score.
        allowed: Number of pairs of two people that ``far`` allows, rounded; at 0 the threshold lies just above all of
            them, and a test set of this size cannot tell smaller rates apart.
    """

    far: float
    tar: float
    threshold: float
    allowed: int


@checked(score="score P", same="bool P")
def tar_at_far(score: Tensor, same: Tensor, far: float) -> TarAtFar:
    """True accept rate at a false accept rate: the threshold is the ``round(far * N)``-th largest of N negatives.

    Args:
        score: ``(P,)``; larger is closer.
        same: ``(P,)`` boolean; both kinds occur.
        far: False accept rate, in [0, 1].

    Raises:
        ValueError: a kind is missing, or ``far`` is out of range.
    """
    _check_both(same)
    if not 0 <= far <= 1:
        raise ValueError(f"A rate is between 0 and 1, not {far}.")
    negative = score[~same].double().sort(descending=True).values
    allowed = round(far * len(negative))
    threshold = negative[allowed - 1] if allowed else torch.nextafter(negative[0], negative.new_tensor(torch.inf))
    return TarAtFar(far, float((score[same].double() >= threshold).double().mean()), float(threshold), allowed)


@checked(score="score P", same="bool P")
def roc_curve(score: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
    """False and true accept rates ``(T,)``, float64 and ascending, one point a threshold, from (0, 0) on.

    Raises:
        ValueError: there are not both kinds of pairs.
    """
    _check_both(same)
    score = score.double()
    levels = score.unique().flip(0)
    far, tar = (_accepted(side, levels) / len(side) for side in (score[~same], score[same]))
    start = far.new_zeros(1)
    return torch.cat([start, far]), torch.cat([start, tar])


def _check_both(same: Tensor) -> None:
    if not same.any() or same.all():
        raise ValueError("There must be pairs of one person and pairs of two.")


def _accepted(score: Tensor, thresholds: Tensor) -> Tensor:
    """How many scores reach each threshold."""
    return len(score) - torch.searchsorted(score.sort().values, thresholds, side="left").double()
