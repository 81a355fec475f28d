"""Rankings and labels -> figures with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from fdemd.metrics.identification import IDENTIFICATION
from fdemd.metrics.intervals import Estimate, bootstrap_by_identity
from fdemd.retrieval.protocol import Labels, count_relevant
from fdemd.retrieval.ranking import Ranking

Values = Mapping[str, Tensor]
"""``P@1``, ``RP`` and ``MAP@R`` -> ``(Q,)``, one number a query."""


@dataclass(frozen=True)
class Judge:
    """Knows which answers are right for one kind of query under one protocol.

    Attributes:
        query: labels of the ``Q`` queries.
        missed: labels of the queries whose face was not found; each counts as 0 in every figure.
        gallery: labels of the gallery.
        protocol: see :mod:`fdemd.retrieval.protocol`.
        legacy: count as the published code does, see :func:`fdemd.retrieval.protocol.count_relevant`.
        seed: of the bootstrap.
    """

    query: Labels
    missed: Labels
    gallery: Labels
    protocol: str
    legacy: bool = False
    seed: int = 0

    @cached_property
    def relevant(self) -> Tensor:
        """Right answers of each query, ``(Q,)``."""
        return count_relevant(self.query, self.gallery, self.protocol, legacy=self.legacy)

    @cached_property
    def failing(self) -> Tensor:
        """Which of the queries without a face have a right answer, boolean ``(M,)``."""
        return count_relevant(self.missed, self.gallery, self.protocol, legacy=self.legacy) > 0

    @property
    def failed(self) -> int:
        """Queries without a face that have a right answer."""
        return int(self.failing.sum())

    @property
    def lone(self) -> int:
        """Queries without a right answer, with a face or without; they are not averaged."""
        return int((self.relevant == 0).sum() + (~self.failing).sum())

    @property
    def queries(self) -> int:
        """Averaged over, misses included."""
        return int((self.relevant > 0).sum()) + self.failed

    def hits(self, ranking: Ranking) -> Tensor:
        """Boolean ``(Q, L)``: right or wrong at each place."""
        return ranking.hits(self.query.identity, self.gallery.identity)

    def values(self, hits: Tensor) -> Values:
        """Figures of each query that is averaged, those without a face last."""
        answerable = self.relevant > 0
        found, relevant, nothing = hits[answerable], self.relevant[answerable], torch.zeros(self.failed)
        return {name: torch.cat([figure(found, relevant), nothing]) for name, figure in IDENTIFICATION.items()}

    def figures(self, values: Values) -> dict[str, Estimate]:
        """Each figure -> mean in [0, 1] with its interval over people."""
        return {name: self._estimate(numbers) for name, numbers in values.items()}

    def gains(self, after: Values, before: Values) -> dict[str, Estimate]:
        """The same of the difference of two rankings: each query, and each person drawn, by both ways to rank."""
        return self.figures({name: after[name] - before[name] for name in after})

    def _estimate(self, values: Tensor) -> Estimate:
        return bootstrap_by_identity(values, self._identities, seed=self.seed)

    @cached_property
    def _identities(self) -> Tensor:
        return torch.cat([self.query.identity[self.relevant > 0], self.missed.identity[self.failing]])
