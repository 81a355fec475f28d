"""How much the second stage counts, chosen for each query from the two stages' scores of its shortlist alone.

A fixed alpha helps an occluded query and harms a clean one. What tells them apart without labels: of a clean query the
first stage is sure. Both scores are brought to mean 0 and deviation 1 over the shortlist, so that networks and
weightings of any scale are alike, and mixed with the weight ``w = sigmoid(bias + sum_i coefficient_i statistic_i)`` of
the second stage; the alpha of Eq. 9 that orders the shortlist in the same way follows from the deviations.

The coefficients are what ``python -m fdemd.repro.auto_alpha`` found on half of LFW's people (docs/auto_alpha.md). This
rule is ours, not the paper's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.tensors.checks import checked

_SMALLEST = 1e-6
"""Deviation of scores that are all alike."""


class Term(NamedTuple):
    """One statistic's part in a rule: its mean and deviation where the rule was fitted, and its coefficient."""

    mean: float
    deviation: float
    coefficient: float


@dataclass(frozen=True)
class Rule:
    """Shortlist -> weight of the second stage.

    Attributes:
        bias: What is added before the sigmoid.
        terms: Name of a statistic (:func:`statistics`) -> its part.
    """

    bias: float
    terms: Mapping[str, Term]

    def weight(self, values: Mapping[str, Tensor]) -> Tensor:
        """Weight ``(Q,)`` in (0, 1), of the statistics by name, ``(Q,)`` each."""
        parts = [(values[name] - mean) / spread * share for name, (mean, spread, share) in self.terms.items()]
        return (torch.stack(parts).sum(0) + self.bias).sigmoid()


RULE = Rule(
    bias=-0.7175,
    terms={
        "lead of the first stage's first place": Term(1.1386, 1.3126, 0.3029),
        "its score": Term(4.3069, 1.2700, -0.5124),
        "lead of the second stage's first place": Term(0.4344, 0.4883, 0.1516),
        "its score in the second stage": Term(2.7100, 0.6195, -0.2674),
        "second stage's score of the first stage's first place": Term(0.9419, 1.0358, -0.1882),
        "what it lacks to the second stage's first place": Term(1.7681, 1.2285, 0.0948),
        "agreement of both stages": Term(0.2294, 0.1593, -0.2191),
        "what the second stage's first place lacks in the first stage": Term(3.8415, 1.7406, -0.4194),
    },
)
"""Of ``rerank.alpha=auto``."""


@checked(cosine="rank Q k", similarity="finite Q k")
def auto_alpha(cosine: Tensor, similarity: Tensor, rule: Rule = RULE) -> Tensor:
    """Return the alpha of each query, ``(Q,)`` in [0, 1]; 0 for a shortlist of one.

    Args:
        cosine: ``(Q, k)`` of the first stage, best first; minus infinity where there is nobody.
        similarity: ``(Q, k)`` of the second stage.
        rule: Rule that gives the weight of the second stage.

    Raises:
        InputError: A score is not finite, although there is somebody.
        ValueError: The shapes do not belong together, or the tensors are of another type.
    """
    present = cosine > -torch.inf
    first, first_spread = standardised(cosine, present)
    second, second_spread = standardised(similarity, present)
    if cosine.shape[1] < 2:
        return torch.zeros(len(cosine), device=cosine.device)
    weight = rule.weight(statistics(first, second, present))
    of_second, of_first = weight / second_spread, (1 - weight) / first_spread
    return (of_second / (of_second + of_first)).where(present[:, 1], 0)


@checked(scores="rank Q k", present="bool Q k")
def standardised(scores: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores of mean 0 and deviation 1 over those present ``(Q, k)``, 0 elsewhere, and their deviation."""
    scores = scores.masked_fill(~present, 0)
    count = present.sum(1, keepdim=True).clamp_min(1)
    centred = (scores - scores.sum(1, keepdim=True) / count) * present
    spread = (centred.square().sum(1, keepdim=True) / (count - 1).clamp_min(1)).sqrt().clamp_min(_SMALLEST)
    return centred / spread, spread[:, 0]


@checked(first="finite Q k", second="finite Q k", present="bool Q k")
def statistics(first: Tensor, second: Tensor, present: Tensor) -> dict[str, Tensor]:
    """Return what tells a query that the first stage is sure of from one that it is not: name -> ``(Q,)``.

    Args:
        first: ``(Q, k)`` standardised scores of the first stage, best first; k at least 2.
        second: ``(Q, k)`` of the second.
        present: ``(Q, k)`` False where there is nobody.
    """
    agreement = (first * second).sum(1) / present.sum(1).clamp_min(1)
    best = second.masked_fill(~present, -torch.inf).topk(2, dim=1)
    top, runner_up = best.values[:, 0], best.values[:, 1].nan_to_num(neginf=0)
    at_best = first.gather(1, best.indices[:, :1])[:, 0]
    return {
        "lead of the first stage's first place": (first[:, 0] - first[:, 1]).clamp(0, 6),
        "its score": first[:, 0].clamp(0, 8),
        "lead of the second stage's first place": (top - runner_up).clamp(0, 6),
        "its score in the second stage": top.clamp(0, 8),
        "second stage's score of the first stage's first place": second[:, 0].clamp(-3, 8),
        "what it lacks to the second stage's first place": (top - second[:, 0]).clamp(0, 8),
        "agreement of both stages": agreement,
        "what the second stage's first place lacks in the first stage": (first[:, 0] - at_best).clamp(0, 8),
    }
