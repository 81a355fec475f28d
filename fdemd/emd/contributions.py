"""Contributions of the patches to the Earth Mover's similarity ``sum(flow * cosine)`` (DeepFace-EMD, Eqs. 1-3)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.tensors.checks import checked


class Contributions(NamedTuple):
    """Contributions of patches to a similarity.

    Attributes:
        query: Contribution ``(N,)`` of each query patch; they add up to the similarity.
        gallery: Contribution ``(M,)`` of each gallery patch; likewise.
    """

    query: Tensor
    gallery: Tensor


class Match(NamedTuple):
    """A query patch, a gallery patch and what flows between them.

    Attributes:
        query: Index of the query patch in the grid, row by row.
        gallery: Index of the gallery patch, likewise.
        flow: Flow between the two.
        cosine: Cosine of the two.
    """

    query: int
    gallery: int
    flow: float
    cosine: float


@checked(flow="real N M", similarity="real N M")
def contributions(flow: Tensor, similarity: Tensor) -> Contributions:
    """Split the similarity of two faces into the contributions of the patches of either.

    Query patch ``m`` contributes ``sum_s flow[m, s] * similarity[m, s]``, gallery patch ``s`` the sum over ``m``.

    Args:
        flow: Flow ``(N, M)`` from query patches to gallery patches.
        similarity: Cosines ``(N, M)`` of the same patches.

    Returns:
        Contributions in float64, so that they add up to the similarity without a loss of digits.

    >>> contributions(torch.tensor([[0.5, 0.0], [0.0, 0.5]]), torch.tensor([[1.0, 0.2], [0.2, 0.5]])).query.tolist()
    [0.5, 0.25]
    """
    moved = flow.double() * similarity.double()
    return Contributions(moved.sum(1), moved.sum(0))


@checked(flow="score N M", similarity="real N M")
def strongest(flow: Tensor, similarity: Tensor, count: int) -> list[Match]:
    """Return the ``count`` pairs of patches with the most flow in descending order; all pairs if there are fewer.

    Args:
        flow: Flow ``(N, M)`` from query patches to gallery patches.
        similarity: Cosines ``(N, M)`` of the same patches.
        count: Number of pairs.

    >>> strongest(torch.tensor([[0.5, 0.1], [0.1, 0.3]]), torch.eye(2), count=1)
    [Match(query=0, gallery=0, flow=0.5, cosine=1.0)]
    """
    order = torch.sort(flow.flatten(), descending=True, stable=True).indices[: max(0, count)].tolist()
    places = (divmod(place, flow.shape[1]) for place in order)
    return [Match(m, s, float(flow[m, s]), float(similarity[m, s])) for m, s in places]
