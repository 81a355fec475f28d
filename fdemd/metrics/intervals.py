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
    """Return the mean of per-query values with a 95 % percentile interval over redrawn *people*.

    Queries of one person succeed and fail together, so people are drawn with replacement, not queries. Neither the
    order of the queries nor what people are called changes the interval: people are drawn in the order of their values.
    Given differences between two ways to rank the same queries, this is their paired interval.

    Args:
        values: ``(Q,)``.
        identities: ``(Q,)`` integers.
        seed: Seed of the draws.
        draws: Number of bootstrap samples.

    Returns:
        NaNs if there is no query.
    """
    if not len(values):
        return Estimate(torch.nan, torch.nan, torch.nan)
    sums, counts = _people(values.cpu().double(), identities.cpu())
    people = len(counts)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(people, (draws, people), generator=generator)
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Estimate(float(sums.sum() / counts.sum()), low, high)


def _people(values: Tensor, identities: Tensor) -> tuple[Tensor, Tensor]:
    """Sum and number of each person's values, in an order that only these decide.

    Two people with the same sum and number may change places: no sample of people tells them apart.
    """
    order = values.argsort()  # else a sum would depend on the order of its terms, in its last digits
    values, identities = values[order], identities[order]
    _, person = identities.unique(return_inverse=True)
    sums, counts = person.bincount(values), person.bincount()
    order = sums.argsort()
    order = order[counts[order].argsort(stable=True)]
    return sums[order], counts[order]
