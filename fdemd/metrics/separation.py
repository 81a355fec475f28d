"""How well scores separate two kinds of things."""

from __future__ import annotations

from torch import Tensor

from fdemd.tensors.checks import checked


@checked(score="finite n", positive="bool n")
def area_under_roc(score: Tensor, positive: Tensor) -> float:
    """Return the probability that a positive scores above a negative, ties counted as half (AUC of the ROC).

    Args:
        score: ``(n,)``.
        positive: ``(n,)`` booleans.

    Returns:
        A number in [0, 1]; NaN if all are positive, or none is.

    Example:
        >>> import torch
        >>> area_under_roc(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([False, False, True, True]))
        0.75
    """
    _, place, counts = score.unique(return_inverse=True, return_counts=True)
    ends = counts.cumsum(0).double()
    rank = (ends - (counts.double() - 1) / 2)[place]  # the mean rank of those that tie, from 1
    positives, count = int(positive.sum()), len(score)
    pairs = positives * (count - positives)
    if not pairs:
        return float("nan")
    return float(rank[positive].sum() - positives * (positives + 1) / 2) / pairs
