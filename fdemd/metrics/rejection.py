"""What is gained by refusing to judge the least certain: risk-coverage, and TAR at FAR against the share rejected.

Faces or pairs with equal confidence keep their order: the first are kept longest.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.metrics.verification import tar_at_far
from fdemd.tensors.checks import checked


@checked(confidence="score Q", right="bool Q")
def risk_coverage(confidence: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return the share of queries answered, and the share of wrong answers among them (Geifman and El-Yaniv 2017).

    Args:
        confidence: ``(Q,)``, larger is surer; one query or more.
        right: ``(Q,)`` boolean, whether the first place is the right person.

    Returns:
        Coverage and risk, ``(Q,)`` float64 each, from the surest query alone to all of them.
    """
    wrong = (~right[_surest_first(confidence)]).double()
    answered = torch.arange(1, len(wrong) + 1, dtype=torch.float64, device=wrong.device)
    return answered / len(wrong), wrong.cumsum(0) / answered


def area_under_risk(confidence: Tensor, right: Tensor) -> float:
    """Return the mean risk over all coverages (AURC), in [0, 1]. Arguments as in :func:`risk_coverage`."""
    return float(risk_coverage(confidence, right)[1].mean())


@checked(score="score P", same="bool P", confidence="score P", portions="finite R")
def tar_after_rejection(score: Tensor, same: Tensor, confidence: Tensor, far: float, portions: Tensor) -> Tensor:
    """Return the true accept rate ``(R,)`` float64 of the pairs that are left, their threshold chosen anew.

    Args:
        score: ``(P,)``, larger is closer.
        same: ``(P,)`` boolean, whether the pair shows one person.
        confidence: ``(P,)``, larger is surer.
        far: False accept rate, in [0, 1].
        portions: ``(R,)`` shares of pairs to reject, from 0 to below 1. A portion that leaves pairs of only one kind
            has no rate: NaN.

    Raises:
        ValueError: a portion or ``far`` is out of its range.
    """
    if not ((portions >= 0) & (portions < 1)).all():
        raise ValueError("Portions to reject are from 0 to below 1.")
    order = _surest_first(confidence)
    rates = []
    for portion in portions.tolist():
        kept = order[: len(order) - round(portion * len(order))]
        both = bool(same[kept].any()) and not bool(same[kept].all())
        rates.append(tar_at_far(score[kept], same[kept], far).tar if both else float("nan"))
    return torch.tensor(rates, dtype=torch.float64)


@checked(portions="finite R", rate="real R")
def rejection_area(portions: Tensor, rate: Tensor) -> float:
    """Return the area under rates ``(R,)`` over ascending portions ``(R,)``, by their range; at most 1, the best.

    The published tables do not divide by the range, which is 0.5 there.

    Raises:
        ValueError: fewer than two portions, or they do not ascend.
    """
    if len(portions) < 2 or not (portions[1:] > portions[:-1]).all():
        raise ValueError("An area is over two ascending portions or more.")
    return float(torch.trapezoid(rate.double(), portions.double()) / (portions[-1] - portions[0]))


@checked(score="score P", same="bool P")
def oracle_confidence(score: Tensor, same: Tensor, threshold: float) -> Tensor:
    """Return what would reject mistakes first: how far a pair lies on the right side of a threshold."""
    return torch.where(same, score - threshold, threshold - score)


def _surest_first(confidence: Tensor) -> Tensor:
    return confidence.sort(descending=True, stable=True).indices
