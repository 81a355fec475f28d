"""The engine in plain PyTorch: differentiable, on any device, with flows and every stopping rule; not the fastest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch
from torch import Tensor

from fdemd.emd.pairs import check_pairs
from fdemd.emd.side import Side
from fdemd.emd.sinkhorn import Official, Stop, check_eps, sinkhorn
from fdemd.emd.transport import Transport
from fdemd.emd.weighting import marginals

_PAIRS_AT_ONCE = 128
"""Pairs that are computed together: 128 matrices of 64x64 float32 are 2 MiB, which stay in the cache."""


def solve(
    query: Side,
    gallery: Side,
    candidates: Tensor,
    *,
    eps: float,
    stop: Stop,
    joint: bool = False,
    with_flow: bool = False,
    on_progress: Callable[[int], None] = lambda pairs: None,
) -> Transport:
    """Compute the transport between each query and its candidates.

    Args:
        query: Side of ``Q`` faces.
        gallery: Side of ``G`` faces.
        candidates: Rows ``(Q, k)`` of the gallery; :func:`fdemd.emd.pairs.check_pairs` says what is refused.
        eps: Strength of the entropy.
        stop: Stopping rule of the iteration.
        joint: Whether to divide the weights of both sides by their common sum (``uew``).
        with_flow: Whether to return flows and marginals too.
        on_progress: Called with the number of pairs just computed.
    """
    candidates = check_pairs(query, gallery, candidates)
    check_eps(eps)

    def solve_piece(piece: tuple[slice, slice]) -> Transport:
        rows, columns = piece
        chosen = candidates[rows, columns]
        query_unit, gallery_unit = query.unit(rows), gallery.unit(chosen)
        weight = marginals(query_unit, query.terms[rows], gallery_unit, gallery.terms[chosen], joint=joint)
        cosine = torch.matmul(query_unit[:, None], gallery_unit.mT).flatten(0, 1)
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
    patches = query.patches.shape[1]
    kept = candidates.shape if with_flow else (0, 0)
    similarity = query.inverse_norm.new_empty(candidates.shape)
    flow = similarity.new_empty(*kept, patches, patches)
    query_weight, gallery_weight = similarity.new_empty(2, *kept, patches)
    fallback, unfinished = torch.zeros(2, *candidates.shape, dtype=torch.bool, device=candidates.device)
    for piece, part in zip(pieces, _on_every_core(solve_piece, pieces, candidates.device), strict=True):
        similarity[piece], fallback[piece], unfinished[piece] = part.similarity, part.fallback, part.unfinished
        if part.flow is not None and part.query_weight is not None and part.gallery_weight is not None:
            flow[piece], query_weight[piece], gallery_weight[piece] = part.flow, part.query_weight, part.gallery_weight
        on_progress(part.similarity.numel())
    if not with_flow:
        return Transport(similarity, fallback, unfinished)
    return Transport(similarity, fallback, unfinished, flow, query_weight, gallery_weight)


def _on_every_core(
    solve_piece: Callable[[tuple[slice, slice]], Transport], pieces: list[tuple[slice, slice]], device: torch.device
) -> Iterator[Transport]:
    """Yield the solutions of the pieces in order; on a processor each core solves one at a time.

    Torch's own threads would have to meet thousands of times a second in these small loops, and wait for each other
    whenever another program has a core: a busy machine was 40 times slower than an idle one.
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1 or len(pieces) == 1 or torch.is_grad_enabled():
        yield from map(solve_piece, pieces)
        return
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield from pool.map(solve_piece, pieces)
    finally:
        torch.set_num_threads(threads)


def _chunks(queries: int, candidates: int, *, whole_rows: bool) -> Iterator[tuple[slice, slice]]:
    """Yield pieces of the (query, candidate) table; the official stop needs all candidates of a query in one."""
    height = max(1, _PAIRS_AT_ONCE // max(1, candidates))
    width = candidates if whole_rows else min(candidates, _PAIRS_AT_ONCE)
    for top in range(0, queries, height):
        for left in range(0, candidates, max(1, width)):
            yield slice(top, top + height), slice(left, left + width)
