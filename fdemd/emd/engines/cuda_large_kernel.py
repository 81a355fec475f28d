"""The Triton kernel for grids of more than 128 patches, whose kernel matrix no multiprocessor can hold in float32.

The cosines are kept in its place, in 16 bits: those of the left and the right half of the query's patches are the lower
and the upper half of one number. The kernel is computed from them wherever it is needed, half by half in loops that the
compiler must leave alone: it would compute the whole kernel once, before the iteration, and run out of registers.
"""

from __future__ import annotations

import triton
import triton.language as tl

from fdemd.emd.engines.cuda_kernel import EMPTY, TINY, multiply, normalised, raw_weight

_STEPS = tl.constexpr(32767)
"""Steps from cosine 0 to 1; rounding moves a score by less than 2e-5."""


@triton.jit
def _steps(product, gallery_inverse, query, query_at, real):
    """Cosines as whole numbers of steps."""
    query_inverse = tl.load(query.inverse_norm + query_at, mask=real, other=0.0)
    cosine = product * gallery_inverse[:, None] * query_inverse[None, :]
    return tl.floor(tl.clamp(cosine, -1.0, 1.0) * _STEPS + 0.5).to(tl.int32)


@triton.jit
def _cosine(packed, half):
    """Cosines of the left (0) or right (1) half of the query's patches."""
    return ((packed << (16 - 16 * half)) >> 16).to(tl.float32) * (1.0 / _STEPS)


@triton.jit
def _kernel(packed, half, inverse_eps):
    return tl.exp((_cosine(packed, half) - 1.0) * inverse_eps)


@triton.jit
def _received(packed, scaling, other_scaling, inverse_eps):
    """What each gallery patch gets at the query's scalings of this half and the other."""
    received = tl.zeros((packed.shape[0],), tl.float32)
    for half in tl.range(0, 2, disable_licm=True):
        received += tl.sum(_kernel(packed, half, inverse_eps) * scaling[None, :], axis=1)
        scaling, other_scaling = other_scaling, scaling
    return received


@triton.jit
def score_large_pair(
    query, gallery, first, pair_faces, similarity, fallback, unfinished, tiles, inverse_eps, tolerance, max_rounds,
    N: tl.constexpr, C: tl.constexpr, PADDED: tl.constexpr, TOGETHER: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Score one pair of a query; arguments as those of :func:`fdemd.emd.engines.cuda_kernel.score_pairs`."""
    HALF: tl.constexpr = PADDED // 2
    query_face = (tl.program_id(0) // tiles).to(tl.int64)
    pair = tl.load(first + query_face) + tl.program_id(0) % tiles
    if pair >= tl.load(first + query_face + 1):
        return
    gallery_face = tl.load(pair_faces + pair)
    gallery_patch, left_patch = tl.arange(0, PADDED), tl.arange(0, HALF)
    right_patch = left_patch + HALF
    left_at, right_at = query_face * N + left_patch, query_face * N + right_patch
    gallery_at = gallery_face * N + gallery_patch
    gallery_real, left_real, right_real = gallery_patch < N, left_patch < N, right_patch < N

    gallery_inverse = tl.load(gallery.inverse_norm + gallery_at, mask=gallery_real, other=0.0)
    product, left_context, gallery_context = multiply(
        query, gallery, query_face, left_patch, gallery_face, gallery_patch, pair_faces + pair, 0,
        N, C, 1, BLOCK,
    )  # fmt: skip
    packed = _steps(product, gallery_inverse, query, left_at, left_real) & 0xFFFF
    product, right_context, gallery_context = multiply(
        query, gallery, query_face, right_patch, gallery_face, gallery_patch, pair_faces + pair, 0,
        N, C, 1, BLOCK,
    )  # fmt: skip
    packed |= _steps(product, gallery_inverse, query, right_at, right_real) << 16

    left_raw = raw_weight(query, left_at, left_real, tl.reshape(left_context, (HALF,)))
    right_raw = raw_weight(query, right_at, right_real, tl.reshape(right_context, (HALF,)))
    gallery_raw = raw_weight(gallery, gallery_at, gallery_real, gallery_context)
    query_total, gallery_total = tl.sum(left_raw) + tl.sum(right_raw), tl.sum(gallery_raw)
    left_weight = normalised(left_raw, left_real, query_total, N)
    right_weight = normalised(right_raw, right_real, query_total, N)
    gallery_weight = normalised(gallery_raw, gallery_real, gallery_total, N)

    # What belongs to the halves changes places with each step, so that the left one comes first again after two.
    scaling, other_scaling = left_real.to(tl.float32), right_real.to(tl.float32)
    weight, other_weight = left_weight, right_weight
    gallery_scaling = tl.zeros((PADDED,), tl.float32)
    received = _received(packed, scaling, other_scaling, inverse_eps)
    going, turn = 1, 0
    while (turn < max_rounds) & (going > 0):
        gallery_scaling = gallery_weight / tl.maximum(received, TINY)
        for half in tl.range(0, 2, disable_licm=True):
            sent = tl.sum(_kernel(packed, half, inverse_eps) * gallery_scaling[:, None], axis=0)
            scaling, other_scaling = other_scaling, weight / tl.maximum(sent, TINY)
            weight, other_weight = other_weight, weight
        received = _received(packed, scaling, other_scaling, inverse_eps)
        missed = tl.sum(tl.abs(gallery_scaling * received - gallery_weight))
        turn += 1
        going = ((missed >= tolerance) | (turn == max_rounds)).to(tl.int32)

    score = tl.zeros((PADDED,), tl.float32)
    for half in tl.range(0, 2, disable_licm=True):
        score += tl.sum(_cosine(packed, half) * _kernel(packed, half, inverse_eps) * scaling[None, :], axis=1)
        scaling, other_scaling = other_scaling, scaling
    tl.store(similarity + pair, tl.sum(score * gallery_scaling))
    tl.store(fallback + pair, (query_total <= EMPTY) | (gallery_total <= EMPTY))
    tl.store(unfinished + pair, going > 0)
