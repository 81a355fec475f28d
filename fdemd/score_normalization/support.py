"""Adaptive support sets: the faces of other people that are nearest to a face on the hypersphere."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.settings.normalization import CAP, TOPK, SupportRule
from fdemd.tensors.checks import checked
from fdemd.tensors.directions import unit

_FACES_AT_ONCE = 512
"""Their cosines to a cohort of 10,000 take 20 MiB in float32."""


class Support(NamedTuple):
    """Statistics of the support sets of ``B`` faces.

    Attributes:
        mean: Mean cosine of each face to its support set ``(B,)``: its discrepancy d(x).
        deviation: Standard deviation of these cosines ``(B,)``, with their number as the divisor.
        size: Number of faces in each set ``(B,)``.
    """

    mean: Tensor
    deviation: Tensor
    size: Tensor


@checked(embeddings="real B D", cohort="real Z D", person="whole B", cohort_person="whole Z")
def support_of(
    embeddings: Tensor,
    cohort: Tensor,
    rule: SupportRule,
    *,
    person: Tensor | None = None,
    cohort_person: Tensor | None = None,
) -> Support:
    """Find the support set of each face in a cohort.

    Args:
        embeddings: Embeddings ``(B, D)``, of any length.
        cohort: Embeddings ``(Z, D)``, likewise; at least one is not of the face's own person.
        rule: Which faces of the cohort are taken.
        person: Who is on each face, ``(B,)``; the cohort's faces of the same person play no part. None if the cohort
            has nobody of them.
        cohort_person: Who is on each face of the cohort, ``(Z,)``; needed with ``person``.

    Raises:
        InputError: An embedding is not finite.
        ValueError: Shapes do not belong together, tensors are of another type, or the cohort has nobody for a face.

    Example:
        >>> support_of(torch.ones(1, 2), torch.eye(2), SupportRule(size=1)).mean
        tensor([0.7071])
    """
    if (person is None) != (cohort_person is None):
        raise ValueError("Who is on the faces and who is on those of the cohort are given both, or neither.")
    bank = unit(cohort, "the cohort's embeddings")
    depth = min(rule.largest, len(bank))
    parts = []
    for first in range(0, len(embeddings), _FACES_AT_ONCE):
        rows = slice(first, first + _FACES_AT_ONCE)
        cosines = unit(embeddings[rows], "the embeddings") @ bank.T
        if person is not None and cohort_person is not None:
            cosines = cosines.masked_fill(person[rows, None] == cohort_person, -torch.inf)
        parts.append(_moments(cosines.topk(depth, dim=1).values, rule))
    empty = bank.new_zeros(0)
    whole = Support(empty, empty, empty.long())
    return Support(*(torch.cat(each) for each in zip(*parts, strict=True))) if parts else whole


def _moments(nearest: Tensor, rule: SupportRule) -> Support:
    counts = _sizes(nearest, rule)
    if not counts.all():
        raise ValueError("The cohort has no face of somebody else.")
    inside = torch.arange(nearest.shape[1], device=nearest.device) < counts[:, None]
    cosines = nearest.double().masked_fill(~inside, 0)
    mean = cosines.sum(1) / counts
    variance = ((cosines - mean[:, None]).masked_fill(~inside, 0) ** 2).sum(1) / counts
    return Support(mean.float(), variance.sqrt().float(), counts)


def _sizes(nearest: Tensor, rule: SupportRule) -> Tensor:
    """Number of faces in each support set, ``(B,)``.

    Args:
        nearest: Cosines ``(B, n)`` to the nearest faces, nearest first; minus infinity, at the end, where there is
            none.
        rule: Which faces are taken.
    """
    if rule.rule == TOPK:
        counts = torch.full((len(nearest),), rule.size, device=nearest.device)
    else:
        limit = rule.tau if rule.rule == CAP else nearest[:, :1] - rule.delta
        counts = (nearest >= limit).sum(1).clamp(rule.least, rule.most)
    return counts.minimum((nearest > -torch.inf).sum(1))
