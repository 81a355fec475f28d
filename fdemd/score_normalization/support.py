"""Adaptive support sets: the faces of other people that are nearest to a face on the hypersphere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.errors import InputError, unknown
from fdemd.tensors.checks import checked
from fdemd.tensors.directions import unit

TOPK, CAP, RELATIVE = "topk", "cap", "relative"
RULES = (TOPK, CAP, RELATIVE)
_FACES_AT_ONCE = 512
"""Their cosines to a cohort of 10,000 take 20 MiB in float32."""


@dataclass(frozen=True)
class SupportRule:
    """Which faces of a cohort are the support set of a face. Checked when made (InputError).

    A cohort that has fewer faces than are asked for is the support set as a whole.

    Attributes:
        rule: ``topk``: the ``size`` nearest. ``cap``: those with a cosine of ``tau`` or more. ``relative``: those whose
            cosine is at most ``delta`` below that of the nearest.
        size: of ``topk``.
        tau: of ``cap``, in [-1, 1].
        delta: of ``relative``, in [0, 2].
        least: the nearest faces that ``cap`` and ``relative`` always take.
        most: the nearest faces beyond which they take none.
    """

    rule: str = TOPK
    size: int = 30
    tau: float = 0.5
    delta: float = 0.1
    least: int = 5
    most: int = 100

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise unknown("rule of support sets (align.rule)", self.rule, RULES)
        if self.size < 1:
            raise InputError(f"align.size is {self.size}; a support set has at least 1 face.")
        if not -1 <= self.tau <= 1:
            raise InputError(f"align.tau is {self.tau}; it is a cosine and must lie between -1 and 1.")
        if not 0 <= self.delta <= 2:
            raise InputError(f"align.delta is {self.delta}; it is a difference of cosines, between 0 and 2.")
        if not 1 <= self.least <= self.most:
            raise InputError(
                f"align.least is {self.least} and align.most {self.most}; a support set has at least 1 face, and no "
                "more at least than at most."
            )

    @property
    def deepest(self) -> int:
        """No support set has more faces."""
        return self.size if self.rule == TOPK else self.most

    @property
    def smallest(self) -> int:
        """No support set has fewer faces, if the cohort is large enough."""
        return self.size if self.rule == TOPK else self.least

    @property
    def in_words(self) -> str:
        """``the 30 nearest``."""
        if self.rule == TOPK:
            return f"the {self.size} nearest"
        limit = f"with {self.tau:g} or more" if self.rule == CAP else f"up to {self.delta:g} below that to the nearest"
        return f"the nearest {limit} ({self.least} to {self.most})"

    @checked(cosines="rank B n")
    def counts(self, cosines: Tensor) -> Tensor:
        """Faces in each support set, ``(B,)``.

        Args:
            cosines: ``(B, n)`` to the nearest faces, nearest first; minus infinity, at the end, where there is none.
        """
        if self.rule == TOPK:
            counts = torch.full((len(cosines),), self.size, device=cosines.device)
        else:
            limit = self.tau if self.rule == CAP else cosines[:, :1] - self.delta
            counts = (cosines >= limit).sum(1).clamp(self.least, self.most)
        return counts.minimum((cosines > -torch.inf).sum(1))


class Support(NamedTuple):
    """What the support sets of ``B`` faces are like.

    Attributes:
        mean: ``(B,)`` of the cosines of the face to its support set: its discrepancy d(x).
        deviation: ``(B,)`` of these cosines (divided by their number).
        size: ``(B,)`` faces in the set.
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
    """Look for the support set of each face in a cohort.

    Args:
        embeddings: ``(B, D)``, of any length.
        cohort: embeddings ``(Z, D)``, likewise; at least one that is not of the face's own person.
        rule: which of them.
        person: ``(B,)`` who is on each face; the faces of the same person in the cohort play no part. None if the
            cohort has nobody of them.
        cohort_person: ``(Z,)`` who is on each face of the cohort; needed with ``person``.

    Raises:
        InputError: an embedding that is not finite.
        ValueError: shapes that do not belong together, tensors of another type, or a face for which the cohort has
            nobody.
    """
    if (person is None) != (cohort_person is None):
        raise ValueError("Who is on the faces and who is on those of the cohort are given both, or neither.")
    bank = unit(cohort, "the cohort's embeddings")
    depth = min(rule.deepest, len(bank))
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
    counts = rule.counts(nearest)
    if not counts.all():
        raise ValueError("The cohort has no face of somebody else.")
    inside = torch.arange(nearest.shape[1], device=nearest.device) < counts[:, None]
    cosines = nearest.double().masked_fill(~inside, 0)
    mean = cosines.sum(1) / counts
    variance = ((cosines - mean[:, None]).masked_fill(~inside, 0) ** 2).sum(1) / counts
    return Support(mean.float(), variance.sqrt().float(), counts)
