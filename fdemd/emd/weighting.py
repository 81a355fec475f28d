"""Weightings of patches: the marginals of the transport problem (DeepFace-EMD, Sec. 3.2, Eqs. 4-8).

Every published weighting has one form. The weight of a patch p of one face is

    relu(offset + scale * <p / |p|, context of the other face>)

and the weights of a face are divided by their sum. A weighting therefore is a function from features to offset, scale
and context, and each engine needs to know nothing else about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from fdemd.errors import InputError, unknown
from fdemd.features import Features
from fdemd.tensors.directions import by_power_of_two, unit


@dataclass(frozen=True)
class Terms:
    """Terms of the weights of one side, float32.

    Attributes:
        offset: Offset ``(B, N)`` of each patch.
        scale: Scale ``(B, N)`` of each patch.
        context: Vector ``(B, C)`` of each face that the patches of the other face are multiplied with.
    """

    offset: Tensor
    scale: Tensor
    context: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Terms:
        return Terms(self.offset[rows], self.scale[rows], self.context[rows])


class Marginals(NamedTuple):
    """Marginals of pairs of faces.

    Attributes:
        query: Weights ``(..., N)`` of the query's patches.
        gallery: Weights ``(..., N)`` of the gallery's patches.
        fallback: Booleans ``(...)``: whether a side fell back to uniform weights.
    """

    query: Tensor
    gallery: Tensor
    fallback: Tensor


def _against(features: Features, context: Tensor, offset: float = 0.0) -> Terms:
    ones = torch.ones(features.patches.shape[:-1], dtype=context.dtype, device=context.device)
    return Terms(offset * ones, ones, context)


def _uniform(features: Features) -> Terms:
    """Uniform weights, 1 / N."""
    patches = features.patches
    return _against(
        features, patches.new_zeros(*patches.shape[:-2], patches.shape[-1], dtype=torch.float32), offset=1.0
    )


def _apc(features: Features) -> Terms:
    """Average Pooling Correlation (APC) as in the published code: cosine of a patch and the other face's mean patch."""
    return _against(features, unit(features.centre, "the mean patches"))


def _apc_raw(features: Features) -> Terms:
    """Average Pooling Correlation (APC) as in Eq. 5 of the paper: dot product of the raw vectors."""
    terms = _against(features, _of_about_1(features.centre))
    return Terms(terms.offset, _of_about_1(features.patches.norm(dim=-1)), terms.context)


def _cc(features: Features) -> Terms:
    """Cross Correlation (CC): cosine of a patch and the other face's *embedding*.

    The published code has no CC; normalising both vectors is our choice. Embeddings must be as long as patches.
    """
    length, channels = features.embedding.shape[-1], features.patches.shape[-1]
    if length != channels:
        raise InputError(
            f"Weighting cc compares embeddings with patches, but this network's embedding has {length} numbers and "
            f"its patches have {channels}; choose another weighting, such as apc."
        )
    return _against(features, unit(features.embedding, "the embeddings"))


def _sc(features: Features) -> Terms:
    """Self Correlation (SC) as in the published code: summed *distance* (1 - cosine) to the other face's patches.

    The published results used this and not Eq. 8 (issue 5 of github.com/anguyen8/deepface-emd).
    """
    return _against(features, -unit(features.patches, "the patches").sum(-2), offset=features.patches.shape[-2])


def _sc_sim(features: Features) -> Terms:
    """Self Correlation (SC) as in Eq. 8 of the paper: summed cosine to the other face's patches."""
    return _against(features, unit(features.patches, "the patches").sum(-2))


def _lmk(features: Features) -> Terms:
    """Landmarks (LMK): number of the 68 landmarks in each cell of the grid; those outside the picture do not count."""
    if features.landmarks is None:
        raise InputError("Weighting lmk needs the landmarks of every face, and these faces came without.")
    rows, columns = features.grid
    size = features.landmarks.new_tensor([columns, rows])
    xy = features.landmarks * size
    inside = ((xy >= 0) & (xy < size)).all(-1)
    # Not every processor turns what is far outside, or no number at all, into the same whole number.
    xy = xy.masked_fill(~inside[..., None], 0).long()
    counts = (one_hot(xy[..., 1] * columns + xy[..., 0], rows * columns) * inside[..., None]).sum(-2)
    terms = _uniform(features)
    return Terms(counts.to(terms.offset), terms.scale, terms.context)


def _norm(features: Features) -> Terms:
    """Length of the raw patch, independent of the other face; for projected patches their share of the embedding."""
    terms = _uniform(features)
    return Terms(_of_about_1(features.patches.norm(dim=-1)), terms.scale, terms.context)


def _of_about_1(values: Tensor) -> Tensor:
    """Scale each row by a power of two to float32 numbers of about 1: only the ratios of weights count."""
    return by_power_of_two(values, values.abs().amax(-1, keepdim=True)).float()


WEIGHTINGS: dict[str, Callable[[Features], Terms]] = {
    "uniform": _uniform,
    "apc": _apc,
    "apc_raw": _apc_raw,
    "cc": _cc,
    "sc": _sc,
    "sc_sim": _sc_sim,
    "lmk": _lmk,
    "norm": _norm,
    "uew": _apc,
}
"""Name of a weighting -> its terms. ``uew`` (in the published code only) has the terms of ``apc`` and divides the
weights of both sides by their common sum."""


def check_weighting(name: str) -> str:
    """Return ``name`` if it is the name of a weighting.

    Raises:
        InputError: There is no such weighting; the error lists those that there are.

    >>> check_weighting("apc")
    'apc'
    """
    if name not in WEIGHTINGS:
        raise unknown("weighting", name, WEIGHTINGS)
    return name


def marginals(
    query_unit: Tensor, query: Terms, gallery_unit: Tensor, gallery: Terms, *, joint: bool = False
) -> Marginals:
    """Compute the marginals of (query, candidate) pairs.

    Args:
        query_unit: Patches ``(Q, N, C)`` of the queries, of length 1.
        query: Terms of the queries, leading shape ``(Q,)``.
        gallery_unit: Patches ``(Q, k, N, C)`` of the candidates of each query, of length 1.
        gallery: Terms of the candidates, leading shape ``(Q, k)``.
        joint: Whether to divide both sides by their common sum (``uew``), so that neither sums to 1.

    Returns:
        Weights ``(Q, k, N)`` of either side. Where every weight of a side is zero (no patch correlates with the
        other face) that side falls back to uniform weights; which pairs did is returned as ``(Q, k)`` booleans.
    """
    from_query = torch.matmul(gallery.context, query_unit.mT)
    from_gallery = torch.matmul(gallery_unit, query.context[:, None, :, None]).squeeze(-1)
    raw_query = (query.offset[:, None] + query.scale[:, None] * from_query).relu()
    raw_gallery = (gallery.offset + gallery.scale * from_gallery).relu()
    sum_query, sum_gallery = raw_query.sum(-1, keepdim=True), raw_gallery.sum(-1, keepdim=True)
    empty_query, empty_gallery = sum_query <= 1e-7, sum_gallery <= 1e-7
    raw_query, raw_gallery = raw_query.masked_fill(empty_query, 1.0), raw_gallery.masked_fill(empty_gallery, 1.0)
    sum_query, sum_gallery = raw_query.sum(-1, keepdim=True), raw_gallery.sum(-1, keepdim=True)
    if joint:
        sum_query = sum_gallery = sum_query + sum_gallery
    fallback = (empty_query | empty_gallery).squeeze(-1)
    return Marginals(raw_query / sum_query, raw_gallery / sum_gallery, fallback)
