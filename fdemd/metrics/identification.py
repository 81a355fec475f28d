"""How good rankings are: P@1, R-Precision and MAP@R, one number a query (Musgrave et al. 2020, spec 1.9)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fdemd.tensors.checks import checked


@checked(hits="bool Q L", relevant="whole Q")
def precision_at_1(hits: Tensor, relevant: Tensor) -> Tensor:
    """Whether the first place is right.

    Args:
        hits: boolean ``(Q, L)``, right or wrong at each place; ``L`` reaches ``relevant.max()`` or the whole gallery.
        relevant: ``(Q,)`` R, the number of right answers in the gallery.

    Returns:
        ``(Q,)`` in [0, 1]; meaningless where ``relevant`` is 0.
    """
    return hits[:, :1].any(1).double()


@checked(hits="bool Q L", relevant="whole Q")
def r_precision(hits: Tensor, relevant: Tensor) -> Tensor:
    """Share of right answers in the first R places. Arguments as in :func:`precision_at_1`."""
    return (hits & _within(hits, relevant)).sum(1) / relevant.clamp_min(1).double()


@checked(hits="bool Q L", relevant="whole Q")
def map_at_r(hits: Tensor, relevant: Tensor) -> Tensor:
    """Mean over the first R places of the precision there, 0 if wrong. Arguments as in :func:`precision_at_1`."""
    precision = hits.double().cumsum(1) / torch.arange(1, hits.shape[1] + 1, device=hits.device)
    return (precision * (hits & _within(hits, relevant))).sum(1) / relevant.clamp_min(1).double()


def _within(hits: Tensor, relevant: Tensor) -> Tensor:
    return torch.arange(hits.shape[1], device=hits.device) < relevant[:, None]


IDENTIFICATION: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "P@1": precision_at_1,
    "RP": r_precision,
    "MAP@R": map_at_r,
}
"""The three figures of the paper's tables, in its order."""


@checked(hits="bool Q L")
def best_possible(hits: Tensor, k: int) -> Tensor:
    """The hits if the first ``k`` places were re-ranked perfectly: what no second stage can exceed (paper Table 1)."""
    k = max(0, k)
    ideal = hits[:, :k].sort(dim=1, descending=True).values
    return torch.cat([ideal, hits[:, k:]], dim=1)


@checked(hits="bool Q L")
def first_hits(hits: Tensor) -> Tensor:
    """Return the place of the first right answer of each query, from 1; 0 if no place is right.

    Args:
        hits: ``(Q, L)`` boolean, right or wrong at each place.

    Returns:
        ``(Q,)`` int32.

    >>> first_hits(torch.tensor([[False, True, True], [False, False, False]])).tolist()
    [2, 0]
    """
    return torch.where(hits.any(1), hits.to(torch.uint8).argmax(1) + 1, 0).int()
