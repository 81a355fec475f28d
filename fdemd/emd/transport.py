"""What comes out of the transport between the patches of faces."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Transport:
    """Similarity, and if asked for flow, of ``Q`` queries and ``k`` candidates each.

    Attributes:
        similarity: ``(Q, k)`` float32; larger is closer. At most 1, which only equal faces reach as eps goes to 0.
        fallback: ``(Q, k)`` booleans, pairs in which a side had no positive weight and was weighted uniformly instead.
        unfinished: ``(Q, k)`` booleans, pairs that did not meet the stopping rule within its rounds.
        flow: ``(Q, k, N, N)``, how much of each query patch (row) goes to each gallery patch (column), if asked for.
        query_weight: ``(Q, k, N)`` weights of the query's patches, if the flow was asked for.
        gallery_weight: ``(Q, k, N)`` weights of the candidate's patches, likewise.
        engine: Name of the engine that computed it.
    """

    similarity: Tensor
    fallback: Tensor
    unfinished: Tensor
    flow: Tensor | None = None
    query_weight: Tensor | None = None
    gallery_weight: Tensor | None = None
    engine: str = "reference"
