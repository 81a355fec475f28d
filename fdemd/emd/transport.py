"""What the second stage's solver gives back."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Transport:
    """The outcome for ``Q`` queries and ``k`` candidates each.

    Attributes:
        similarity: ``(Q, k)`` float32; larger is closer. At most 1, which only equal faces reach as eps goes to 0.
        fallback: ``(Q, k)`` booleans, pairs in which a side had no positive weight and was weighted uniformly instead.
        unfinished: ``(Q, k)`` booleans, pairs that did not meet the stopping rule within its rounds.
        flow: ``(Q, k, N, N)``, (query patch, gallery patch), if asked for.
        query_weight: ``(Q, k, N)``, if the flow was asked for.
        gallery_weight: ``(Q, k, N)``, likewise.
        engine: the name of the engine that computed it.
    """

    similarity: Tensor
    fallback: Tensor
    unfinished: Tensor
    flow: Tensor | None = None
    query_weight: Tensor | None = None
    gallery_weight: Tensor | None = None
    engine: str = "reference"
