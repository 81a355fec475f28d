"""The faces of other people that support sets are taken from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fdemd.score_normalization.support import Support, support_of
from fdemd.settings.normalization import SupportRule
from fdemd.tensors.checks import check


@dataclass(frozen=True)
class Cohort:
    """Faces of people who are not in the test.

    Attributes:
        embedding: Embeddings ``(Z, D)`` float, of any length.
        person: Who is on each face, ``(Z,)`` integers.
    """

    embedding: Tensor
    person: Tensor

    def __post_init__(self) -> None:
        check({"embedding": (self.embedding, "real Z D"), "person": (self.person, "whole Z")})

    def __len__(self) -> int:
        return len(self.embedding)

    @property
    def people(self) -> int:
        """Number of people."""
        return len(self.person.unique())

    def own_support(self, rule: SupportRule) -> Support:
        """Return the support set of each of these faces among those of the other people.

        Args:
            rule: Which faces are taken.
        """
        return support_of(self.embedding, self.embedding, rule, person=self.person, cohort_person=self.person)
