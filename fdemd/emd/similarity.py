"""Earth Mover's similarity of faces: the second stage's score (paper Sec. 3.1, Eqs. 1-3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

from fdemd.emd.sinkhorn import Converged, Official, Stop, check_eps, sinkhorn
from fdemd.emd.weighting import WEIGHTINGS, check_weighting, marginals
from fdemd.errors import InputError
from fdemd.features import Features

_PAIRS_AT_ONCE = 128
"""Pairs computed together: 128 matrices of 64x64 float32 are 2 MiB, which stays in cache."""


@dataclass(frozen=True)
class Transport:
    """The outcome for ``Q`` queries and ``k`` candidates each.

    Attributes:
        similarity: ``(Q, k)``; larger is closer. At most 1, which only equal faces reach as eps goes to 0.
        fallback: ``(Q, k)`` booleans, pairs in which a side had no positive weight and was weighted uniformly instead.
        unfinished: ``(Q, k)`` booleans, pairs that did not meet the stopping rule within its rounds.
        flow: ``(Q, k, N, N)``, (query patch, gallery patch), if asked for.
        query_weight: ``(Q, k, N)``, if the flow was asked for.
        gallery_weight: ``(Q, k, N)``, likewise.
    """

    similarity: Tensor
    fallback: Tensor
    unfinished: Tensor
    flow: Tensor | None = None
    query_weight: Tensor | None = None
    gallery_weight: Tensor | None = None


def emd_similarity(
    query: Features,
    gallery: Features,
    candidates: Tensor,
    *,
    weighting: str = "apc",
    stop: Stop | None = None,
    eps: float = 0.05,
    with_flow: bool = False,
    on_progress: Callable[[int], None] = lambda pairs: None,
) -> Transport:
    """Similarity ``sum(flow * cosine)`` between each query and its candidates.

    Args:
        query: features of ``Q`` faces.
        gallery: features of ``G`` faces.
        candidates: ``(Q, k)`` integer rows of the gallery.
        weighting: a name in :data:`fdemd.emd.weighting.WEIGHTINGS`.
        stop: stopping rule of the iteration, ``Converged()`` if not given.
        eps: strength of the entropy; the paper's code has 0.05.
        with_flow: also return flows and weights, 4 * N * N bytes a pair.
        on_progress: told the number of pairs just computed.

    Raises:
        InputError: unknown weighting, eps out of range, or ``uew`` with a stopping rule other than ``Official``.
    """
    stop = stop or Converged()
    check_eps(eps)
    if check_weighting(weighting) == "uew" and isinstance(stop, Converged):
        raise InputError(
            "Weighting uew gives the two faces different totals, so no flow can meet both and it never converges; "
            "use it with rerank.stop=official."
        )
    query, gallery = query.to(torch.float32), gallery.to(torch.float32)  # half precision would underflow in the kernel
    query_unit, gallery_unit = (normalize(side.patches, dim=-1) for side in (query, gallery))
    query_terms, gallery_terms = WEIGHTINGS[weighting](query), WEIGHTINGS[weighting](gallery)

    def solve(piece: tuple[slice, slice]) -> Transport:
        rows, columns = piece
        chosen = candidates[rows, columns]
        unit = gallery_unit[chosen]
        weight = marginals(query_unit[rows], query_terms[rows], unit, gallery_terms[chosen], joint=weighting == "uew")
        cosine = torch.matmul(query_unit[rows, None], unit.mT).flatten(0, 1)
        pairs = weight.query.flatten(0, 1), weight.gallery.flatten(0, 1)
        flow, finished = sinkhorn(cosine, *pairs, eps=eps, stop=stop, group=chosen.shape[1])
        similarity = (flow * cosine).sum((1, 2)).view(chosen.shape)
        outcome = Transport(similarity, weight.fallback, ~finished.view(chosen.shape))
        if not with_flow:
            return outcome
        return replace(
            outcome, flow=flow.unflatten(0, chosen.shape), query_weight=weight.query, gallery_weight=weight.gallery
        )

    pieces = list(_chunks(*candidates.shape, whole_rows=isinstance(stop, Official)))
    patches = query_unit.shape[1]
    kept = candidates.shape if with_flow else (0, 0)
    similarity = query_unit.new_empty(candidates.shape)
    flow = query_unit.new_empty(*kept, patches, patches)
    query_weight, gallery_weight = query_unit.new_empty(2, *kept, patches)
    fallback, unfinished = torch.zeros(2, *candidates.shape, dtype=torch.bool, device=candidates.device)
    for piece, part in zip(pieces, _on_every_core(solve, pieces, candidates.device), strict=True):
        similarity[piece], fallback[piece], unfinished[piece] = part.similarity, part.fallback, part.unfinished
        if part.flow is not None and part.query_weight is not None and part.gallery_weight is not None:
            flow[piece], query_weight[piece], gallery_weight[piece] = part.flow, part.query_weight, part.gallery_weight
        on_progress(part.similarity.numel())
    if not with_flow:
        return Transport(similarity, fallback, unfinished)
    return Transport(similarity, fallback, unfinished, flow, query_weight, gallery_weight)


def _on_every_core(
    solve: Callable[[tuple[slice, slice]], Transport], pieces: list[tuple[slice, slice]], device: torch.device
) -> Iterator[Transport]:
    """Solve the pieces in order, on a processor one piece a core.

    Torch's own threads would have to meet thousands of times a second in these small loops, and wait for each other
    whenever another program has a core: a busy machine was 40 times slower than an idle one.
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1 or len(pieces) == 1 or torch.is_grad_enabled():
        yield from map(solve, pieces)
        return
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(solve, pieces)
    finally:
        torch.set_num_threads(threads)


def _chunks(queries: int, candidates: int, *, whole_rows: bool) -> Iterator[tuple[slice, slice]]:
    """Cut the (query, candidate) table into pieces; the official stop needs all candidates of a query in one piece."""
    height = max(1, _PAIRS_AT_ONCE // max(1, candidates))
    width = candidates if whole_rows else min(candidates, _PAIRS_AT_ONCE)
    for top in range(0, queries, height):
        for left in range(0, candidates, max(1, width)):
            yield slice(top, top + height), slice(left, left + width)
