"""How sure a mean is."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def bootstrap_by_identity(values: Tensor, identities: Tensor, *, seed: int = 0, draws: int = 2000) -> Estimate:
    """Mean of per-query values with a 95 % percentile interval over redrawn *people*.

    Queries of one person succeed and fail together, so people are drawn with replacement, not queries.

    Args:
        values: ``(Q,)``.
        identities: ``(Q,)`` integers.
        seed: of the draws.
        draws: number of bootstrap samples.

    Returns:
        NaNs if there is no query.
    """
    if not len(values):
        return Estimate(torch.nan, torch.nan, torch.nan)
    _, person = identities.cpu().unique(return_inverse=True)
    people = int(person.max()) + 1
    sums = person.bincount(values.cpu().double(), minlength=people)
    counts = person.bincount(minlength=people)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(people, (draws, people), generator=generator)
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Estimate(float(sums.sum() / counts.sum()), low, high)
