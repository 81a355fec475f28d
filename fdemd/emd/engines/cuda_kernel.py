"""The Triton kernel behind the cuda engine: pairs of faces from patches to scores, wholly on one multiprocessor.

Matrices are laid out (gallery patch, query patch), for the pairs of a program share their query: their gallery patches,
one face below the other, fill the 64 rows that the tensor cores take at a time, so that small grids are not wasted.
Padding needs no mask in the iteration: its weights are 0, so its scalings stay 0 and nothing flows through it.
"""

from __future__ import annotations

from typing import NamedTuple

import triton
import triton.language as tl
from torch import Tensor


class SideOnCard(NamedTuple):
    """Arrays of one side on the device, each contiguous; see :class:`fdemd.emd.side.Side`."""

    patches: Tensor
    inverse_norm: Tensor
    offset: Tensor
    scale: Tensor
    context: Tensor


TINY = tl.constexpr(1e-37)
"""Divisors are kept from 0, which only rounding could make them, so that no infinity arises."""
EMPTY = tl.constexpr(1e-7)
"""A face whose weights sum to no more has none and is weighted uniformly."""


@triton.jit
def tile(rows, rows_inside, columns, columns_inside, FULL: tl.constexpr):
    """Rows and columns of a matrix, zero outside of it; without a mask where none is needed, so that loads are wide."""
    addresses = rows[:, None] + columns[None, :]
    if FULL:
        return tl.load(addresses)
    return tl.load(addresses, mask=rows_inside[:, None] & columns_inside[None, :], other=0.0)


@triton.jit
def multiply(
    query, gallery, query_face, query_patch, gallery_face, gallery_patch, pair_faces, last,
    N: tl.constexpr, C: tl.constexpr, TOGETHER: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Products of patches (gallery row, query column), and of each side's patches with the other faces' contexts.

    ``pair_faces`` points to the gallery faces of the program's pairs, numbered from 0 to ``last``.
    """
    ROWS: tl.constexpr = gallery_patch.shape[0]
    COLUMNS: tl.constexpr = query_patch.shape[0]
    FULL: tl.constexpr = N * TOGETHER == ROWS and C % BLOCK == 0
    query_rows = query.patches + query_face * (N * C) + query_patch * C
    gallery_rows = gallery.patches + gallery_face * (N * C) + gallery_patch * C
    product = tl.zeros((ROWS, COLUMNS), tl.float32)
    query_context = tl.zeros((TOGETHER, COLUMNS), tl.float32)
    gallery_context = tl.zeros((ROWS,), tl.float32)
    pair = tl.arange(0, TOGETHER)[:, None]
    for begin in range(0, C, BLOCK):
        channel = begin + tl.arange(0, BLOCK)
        inside = channel < C
        q = tile(query_rows, query_patch < N, channel, inside, FULL)
        g = tile(gallery_rows, gallery_patch < N, channel, inside, FULL)
        product = tl.dot(g, tl.trans(q), product, input_precision="ieee")
        context = tl.load(query.context + query_face * C + channel, mask=inside, other=0.0)
        gallery_context += tl.sum(g.to(tl.float32) * context[None, :], axis=1)
        for number in tl.static_range(TOGETHER):
            face = tl.load(pair_faces + tl.minimum(number, last))
            context = tl.load(gallery.context + face * C + channel, mask=inside, other=0.0)
            dots = tl.sum(q.to(tl.float32) * context[None, :], axis=1)
            query_context += tl.where(pair == number, dots[None, :], 0.0)
    return product, query_context, gallery_context


@triton.jit
def raw_weight(side, patch, real, context):
    """Weights before they are divided by their sum; 0 for padding."""
    offset = tl.load(side.offset + patch, mask=real, other=0.0)
    scale = tl.load(side.scale + patch, mask=real, other=0.0)
    inverse_norm = tl.load(side.inverse_norm + patch, mask=real, other=0.0)
    return tl.maximum(offset + scale * inverse_norm * context, 0.0)


@triton.jit
def normalised(raw, real, total, N: tl.constexpr):
    """Weights that sum to 1, uniform where there are none."""
    return tl.where(total > EMPTY, raw / tl.maximum(total, EMPTY), tl.where(real, 1.0 / N, 0.0))


@triton.jit
def _unless_done(going, new, old, TOGETHER: tl.constexpr):
    """Scalings of the pairs that go on; a program of one pair ends with it and has no choice to make."""
    if TOGETHER == 1:
        return new
    return tl.where(going[:, None], new, old)


@triton.jit
def score_pairs(
    query, gallery, first, pair_faces, similarity, fallback, unfinished, tiles, inverse_eps, tolerance, max_rounds,
    N: tl.constexpr, C: tl.constexpr, PADDED: tl.constexpr, TOGETHER: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Score ``TOGETHER`` pairs of one query, their matrices ``(pair, gallery patch, query patch)`` in registers.

    Query ``q`` has the pairs ``first[q]`` to ``first[q + 1]``, spread over ``tiles`` programs; ``pair_faces`` says
    which gallery face each pair has.
    """
    query_face = (tl.program_id(0) // tiles).to(tl.int64)
    start = tl.load(first + query_face) + (tl.program_id(0) % tiles) * TOGETHER
    end = tl.load(first + query_face + 1)
    if start >= end:
        return
    pair = start + tl.arange(0, TOGETHER)
    row = tl.arange(0, TOGETHER * PADDED)
    gallery_face = tl.load(pair_faces + tl.minimum(start + row // PADDED, end - 1))
    gallery_patch = row % PADDED
    query_patch = tl.arange(0, PADDED)
    product, query_context, gallery_context = multiply(
        query, gallery, query_face, query_patch, gallery_face, gallery_patch, pair_faces + start, end - start - 1,
        N, C, TOGETHER, BLOCK,
    )  # fmt: skip

    query_at, gallery_at = query_face * N + query_patch, gallery_face * N + gallery_patch
    real = query_patch < N
    query_raw = raw_weight(query, query_at, real, query_context)
    gallery_raw = raw_weight(gallery, gallery_at, gallery_patch < N, gallery_context)
    gallery_raw = tl.reshape(gallery_raw, (TOGETHER, PADDED))
    query_total, gallery_total = tl.sum(query_raw, axis=1), tl.sum(gallery_raw, axis=1)
    query_weight = normalised(query_raw, real[None, :], query_total[:, None], N)
    gallery_weight = normalised(gallery_raw, real[None, :], gallery_total[:, None], N)

    query_inverse = tl.load(query.inverse_norm + query_at, mask=real, other=0.0)
    gallery_inverse = tl.load(gallery.inverse_norm + gallery_at, mask=gallery_patch < N, other=0.0)
    cosine = product * gallery_inverse[:, None] * query_inverse[None, :]
    cosine = tl.reshape(cosine, (TOGETHER, PADDED, PADDED))
    kernel = tl.exp((cosine - 1.0) * inverse_eps)

    query_scaling = tl.where(real[None, :], 1.0, tl.zeros((TOGETHER, PADDED), tl.float32))
    gallery_scaling = tl.zeros((TOGETHER, PADDED), tl.float32)
    received = tl.sum(kernel * query_scaling[:, None, :], axis=2)
    going = pair < end
    turn = 0
    while (turn < max_rounds) & (tl.max(going.to(tl.int32), axis=0) > 0):
        gallery_scaling = _unless_done(going, gallery_weight / tl.maximum(received, TINY), gallery_scaling, TOGETHER)
        sent = tl.sum(kernel * gallery_scaling[:, :, None], axis=1)
        query_scaling = _unless_done(going, query_weight / tl.maximum(sent, TINY), query_scaling, TOGETHER)
        received = tl.sum(kernel * query_scaling[:, None, :], axis=2)
        missed = tl.sum(tl.abs(gallery_scaling * received - gallery_weight), axis=1)
        turn += 1
        # The last round is not judged: no pair finishes by it.
        going = going & ((missed >= tolerance) | (turn == max_rounds))

    flow = kernel * gallery_scaling[:, :, None] * query_scaling[:, None, :]
    score = tl.sum(tl.sum(flow * cosine, axis=2), axis=1)
    tl.store(similarity + pair, score, mask=pair < end)
    tl.store(fallback + pair, (query_total <= EMPTY) | (gallery_total <= EMPTY), mask=pair < end)
    tl.store(unfinished + pair, going, mask=pair < end)
