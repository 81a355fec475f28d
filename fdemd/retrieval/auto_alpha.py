"""How much the second stage counts, chosen for each query from the two stages' scores of its shortlist alone.

A fixed alpha helps an occluded query and harms a clean one. What tells them apart without labels: of a clean query the
first stage is sure. Both scores are brought to mean 0 and deviation 1 over the shortlist, so that networks and
weightings of any scale are alike, and mixed with the weight ``w = sigmoid(bias + sum_i coefficient_i statistic_i)`` of
the second stage; the alpha of Eq. 9 that orders the shortlist in the same way follows from the deviations.

The coefficients were fitted (docs/auto_alpha.md) on half of LFW's people. This rule is ours, not the paper's.
"""

from __future__ import annotations

import torch
from torch import Tensor

AUTO = "auto"
_SMALLEST = 1e-6
"""Deviation of scores that are all alike."""

_BIAS = -0.7929
_RULE = {
    "lead of the first stage's first place": (1.1367, 1.2994, 0.2921),
    "its score": (4.3058, 1.2621, -0.4824),
    "lead of the second stage's first place": (0.4395, 0.4927, 0.1620),
    "its score in the second stage": (2.7159, 0.6218, -0.2724),
    "second stage's score of the first stage's first place": (0.9461, 1.0335, -0.1880),
    "what it lacks to the second stage's first place": (1.7699, 1.2256, 0.0850),
    "agreement of both stages": (0.2307, 0.1600, -0.3263),
    "what the second stage's first place lacks in the first stage": (3.8247, 1.7401, -0.4540),
}
"""Statistic -> its mean and deviation where the rule was fitted, and its coefficient."""


def auto_alpha(cosine: Tensor, similarity: Tensor) -> Tensor:
    """Alpha of each query, ``(Q,)`` in [0, 1]; 0 for a shortlist of one.

    Args:
        cosine: ``(Q, k)`` of the first stage, best first; minus infinity where there is nobody.
        similarity: ``(Q, k)`` of the second stage.
    """
    present = cosine > -torch.inf
    first, first_spread = _standardised(cosine.masked_fill(~present, 0), present)
    second, second_spread = _standardised(similarity, present)
    if cosine.shape[1] < 2:
        return torch.zeros(len(cosine), device=cosine.device)
    statistics = _statistics(first, second, present)
    mean, deviation, coefficient = (statistics.new_tensor(column) for column in zip(*_RULE.values(), strict=True))
    weight = ((statistics - mean) / deviation @ coefficient + _BIAS).sigmoid()
    of_second, of_first = weight / second_spread, (1 - weight) / first_spread
    return (of_second / (of_second + of_first)).where(present[:, 1], 0)


def _standardised(scores: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Scores with mean 0 and deviation 1 over those present ``(Q, k)``, and their deviation ``(Q,)``."""
    count = present.sum(1, keepdim=True).clamp_min(1)
    centred = (scores - (scores * present).sum(1, keepdim=True) / count) * present
    spread = (centred.square().sum(1, keepdim=True) / (count - 1).clamp_min(1)).sqrt().clamp_min(_SMALLEST)
    return centred / spread, spread[:, 0]


def _statistics(first: Tensor, second: Tensor, present: Tensor) -> Tensor:
    """What :data:`_RULE` names, of standardised scores, ``(Q, 8)``."""
    second = second.masked_fill(~present, -torch.inf)
    best = second.topk(2, dim=1)
    top = best.values[:, 0]
    runner_up = best.values[:, 1].nan_to_num(neginf=0)
    at_best = first.gather(1, best.indices[:, :1])[:, 0]
    agreement = (first * second.masked_fill(~present, 0)).sum(1) / present.sum(1).clamp_min(1)
    return torch.stack(
        [
            (first[:, 0] - first[:, 1]).clamp(0, 6),
            first[:, 0].clamp(0, 8),
            (top - runner_up).clamp(0, 6),
            top.clamp(0, 8),
            second[:, 0].clamp(-3, 8),
            (top - second[:, 0]).clamp(0, 8),
            agreement,
            (first[:, 0] - at_best).clamp(0, 8),
        ],
        dim=1,
    )
