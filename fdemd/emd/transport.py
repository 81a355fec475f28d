"""The result of the transport between queries and candidates."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Transport:
    """Similarity and flow of ``Q`` queries and ``k`` candidates each.

    Attributes:
        similarity: Similarities ``(Q, k)``, float32, larger is closer. At most 1, which only equal faces reach as eps
            goes to 0.
        fallback: Booleans ``(Q, k)``: whether a side had no positive weight and was weighted uniformly instead.
        unfinished: Booleans ``(Q, k)``: whether the pair did not meet the stopping rule within its rounds.
        flow: Flow ``(Q, k, N, N)`` from query patches to gallery patches; None unless asked for.
        query_weight: Marginals ``(Q, k, N)`` of the query's patches; None unless the flow was asked for.
        gallery_weight: Marginals ``(Q, k, N)`` of the gallery's patches; likewise.
        engine: Name of the engine that computed it.
    """

    similarity: Tensor
    fallback: Tensor
    unfinished: Tensor
    flow: Tensor | None = None
    query_weight: Tensor | None = None
    gallery_weight: Tensor | None = None
    engine: str = "reference"
