"""What each patch adds to the Earth Mover's similarity, which is ``sum(flow * cosine)`` (paper Eqs. 1-3)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.tensors.checks import checked


class Contributions(NamedTuple):
    """Contribution of each query patch ``(N,)`` and of each gallery patch ``(M,)``; each adds up to the similarity."""

    query: Tensor
    gallery: Tensor


class Match(NamedTuple):
    """Flow from a query patch to a gallery patch (numbers in the grid, row by row), and the cosine of the two."""

    query: int
    gallery: int
    flow: float
    cosine: float


@checked(flow="real N M", similarity="real N M")
def contributions(flow: Tensor, similarity: Tensor) -> Contributions:
    """Share out the similarity of two faces to the patches of either.

    A query patch ``m`` contributes ``sum_s flow[m, s] * similarity[m, s]``, a gallery patch the sum of its column.

    Args:
        flow: ``(N, M)``, (query patch, gallery patch).
        similarity: ``(N, M)``, of the same patches.

    Returns:
        float64, so that adding up costs no digits.
    """
    moved = flow.double() * similarity.double()
    return Contributions(moved.sum(1), moved.sum(0))


@checked(flow="score N M", similarity="real N M")
def strongest(flow: Tensor, similarity: Tensor, count: int) -> list[Match]:
    """The ``count`` pairs of patches with the most flow, the first having the most; ``flow`` and ``similarity``
    ``(N, M)`` as in :func:`contributions`. All pairs if there are fewer.
    """
    order = torch.sort(flow.flatten(), descending=True, stable=True).indices[: max(0, count)].tolist()
    places = (divmod(place, flow.shape[1]) for place in order)
    return [Match(m, s, float(flow[m, s]), float(similarity[m, s])) for m, s in places]
