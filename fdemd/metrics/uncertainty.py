"""What scales of faces are for: similarity, confidence of pairs, templates (Kail et al., arXiv 2209.01880)."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.tensors.directions import unit_unseen


def separating_cosine(cosine: Tensor, same: Tensor) -> float:
    """The shift mu of :func:`scaled_similarity`: half-way between the mean cosines of one person and of two.

    Args:
        cosine: ``(P,)`` of pairs that are not tested on.
        same: ``(P,)`` boolean, whether the pair shows one person; both kinds occur.
    """
    return float((cosine[same].double().mean() + cosine[~same].double().mean()) / 2)


def scaled_similarity(cosine: Tensor, one: Tensor, other: Tensor, mu: float) -> Tensor:
    """``sqrt(s1 s2) (cosine - mu)``: the less sure of the faces, the nearer to the decision.

    Args:
        cosine: Cosines of pairs, any shape.
        one: Scales of the pairs' first faces, above 0.
        other: Scales of their second faces.
        mu: Cosine of the decision; with 0 an unsure pair of one person would fall below it.
    """
    return (one * other).sqrt() * (cosine - mu)


def pair_confidence(one: Tensor, other: Tensor) -> Tensor:
    """Harmonic mean of two positive scales: near the smaller, as a pair is as sure as its worse face."""
    return 2 * one * other / (one + other)


def template(embedding: Tensor, scale: Tensor, group: Tensor, groups: int) -> Tensor:
    """One embedding ``(groups, D)`` of length 1 a group: the mean direction of its faces, weighted by their scales.

    Args:
        embedding: ``(B, D)``, of any length.
        scale: ``(B,)``, above 0.
        group: ``(B,)`` number of each face's group; every group occurs.
        groups: Number of groups.
    """
    weighted = scale[:, None] * unit_unseen(embedding)
    return unit_unseen(torch.zeros(groups, embedding.shape[1]).to(weighted).index_add_(0, group, weighted))
