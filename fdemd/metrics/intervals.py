"""How sure a mean is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

_DRAWN_AT_ONCE = 2**20
"""People in memory at a time, 28 bytes each; samples of more than half as many are drawn two by two."""


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
    generator = torch.Generator().manual_seed(seed)
    means = torch.cat([_means(sums, counts, some, generator) for some in _portions(draws, len(counts))])
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Estimate(float(sums.sum() / counts.sum()), low, high)


def _means(sums: Tensor, counts: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    """Means ``(draws,)`` of as many samples of people."""
    drawn = torch.randint(len(counts), (draws, len(counts)), generator=generator)
    return sums[drawn].sum(1) / counts[drawn].sum(1)


def _portions(draws: int, people: int) -> Iterator[int]:
    """Numbers of samples to draw one after another, so that memory does not grow with their number times people.

    However they are drawn, the generator gives the same numbers. No portion is of one sample, unless there is but one:
    PyTorch adds up a single row on several threads, which gives other last digits than a row among others.
    """
    size = max(2, _DRAWN_AT_ONCE // people)
    while draws > size + 1:
        yield size
        draws -= size
    yield draws


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
