"""How much the second stage counts, by what happened to the query: the best alpha of each condition, and its guard.

The alpha of a query is the mean of the conditions' alphas over the probabilities that the estimator gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from fdemd.tensors.checks import check
from fdemd.visibility.conditions import CONDITIONS

Measure = Callable[[Tensor], Mapping[str, Tensor]]
"""Alphas ``(Q,)`` of some queries -> name of a figure -> ``(Q,)``, one number in [0, 1] a query."""

ALPHAS = tuple(number / 10 for number in range(11))
"""Alphas that are tried for each condition."""
FIGURES = ("P@1", "RP")
"""Figures that a calibration looks at."""
MOST_LOST = 0.0005
"""Largest loss of a figure on clean queries, as a share of them."""
FEWEST = 20
"""Queries of a condition below which it keeps the first stage alone."""
_ERRORS = 1.0
"""Standard errors that a gain must exceed to be believed."""
_STEP = 0.05
_SHRUNK = 0.8


def expected_alpha(probability: Tensor, alphas: Tensor) -> Tensor:
    """Return the alpha of each query, ``(Q,)``.

    Args:
        probability: ``(Q, K)`` of the conditions.
        alphas: ``(K,)`` of each condition, in [0, 1].

    Example:
        >>> expected_alpha(torch.tensor([[0.5, 0.5]]), torch.tensor([0.0, 0.8]))
        tensor([0.4000])
    """
    check({"probability": (probability, "finite Q K"), "alphas": (alphas, "finite K")})
    return (probability.float() @ alphas.float()).clamp(0, 1)


def calibrate_alphas(measure: Measure, condition: Tensor, probability: Tensor) -> Tensor:
    """Return the alpha of each condition, ``(K,)``, found on queries whose condition is known.

    It is the alpha whose gains over the first stage in P@1 and in R-Precision, each less one standard error, have the
    largest sum, among those that lose neither; 0 where there are fewer than 20 queries, or no gain is sure. Then it is
    made sure that clean queries, as the estimator sees them, lose at most 0.05 point of either figure: the alpha of the
    clean condition shrinks until that holds and, if 0 is not enough, all others do.

    Args:
        measure: Gives the figures P@1 and RP of the queries at alphas of any kind.
        condition: ``(Q,)`` what happened to each query, a place in :data:`fdemd.visibility.conditions.CONDITIONS`.
        probability: ``(Q, K)`` what an estimator that was not fitted on these very faces says of it.
    """
    check({"condition": (condition, "whole Q"), "probability": (probability, "finite Q K")})
    before = measure(torch.zeros(len(condition)))
    gains = [_gains(measure(torch.full((len(condition),), alpha)), before) for alpha in ALPHAS]
    alphas = torch.tensor([_best([gain[:, condition == place] for gain in gains]) for place in range(len(CONDITIONS))])
    return _guarded(alphas, measure, before, condition == CONDITIONS.index("clean"), probability)


def _gains(after: Mapping[str, Tensor], before: Mapping[str, Tensor]) -> Tensor:
    """Gain in each figure, ``(2, Q)`` float64."""
    return torch.stack([after[name].double() - before[name].double() for name in FIGURES])


def _best(gains: list[Tensor]) -> float:
    """The alpha whose surest gains have the largest sum; ``gains`` are ``(2, n)`` at each alpha."""
    count = gains[0].shape[1]
    if count < FEWEST:
        return 0.0
    bounds = torch.stack([gain.mean(1) - _ERRORS * gain.std(1) / count**0.5 for gain in gains])
    harmful = (bounds < -MOST_LOST).any(1)
    return ALPHAS[int(bounds.sum(1).masked_fill(harmful, -1).argmax())]


def _guarded(
    alphas: Tensor, measure: Measure, before: Mapping[str, Tensor], clean: Tensor, probability: Tensor
) -> Tensor:
    """Shrink the alphas until clean queries lose next to nothing."""
    place = CONDITIONS.index("clean")
    while clean.any() and alphas.any():
        gains = _gains(measure(expected_alpha(probability, alphas)), before)[:, clean].mean(1)
        if (gains >= -MOST_LOST).all():
            break
        if alphas[place] > 0:
            alphas[place] = max(0.0, round(float(alphas[place]) - _STEP, 2))
        else:
            alphas = (alphas * _SHRUNK).where(alphas > _STEP / 2, 0.0)
    return alphas
