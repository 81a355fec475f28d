"""Rankings and labels -> figures with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from fdemd.metrics.identification import IDENTIFICATION
from fdemd.metrics.intervals import Estimate, bootstrap_by_identity
from fdemd.retrieval.protocol import Labels, count_relevant
from fdemd.retrieval.ranking import Ranking


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
    def _failed(self) -> Tensor:
        return count_relevant(self.missed, self.gallery, self.protocol, legacy=self.legacy) > 0

    @property
    def failed(self) -> int:
        """Queries without a face that have a right answer."""
        return int(self._failed.sum())

    @property
    def lone(self) -> int:
        """Queries without a right answer, with a face or without; they are not averaged."""
        return int((self.relevant == 0).sum() + (~self._failed).sum())

    @property
    def queries(self) -> int:
        """Averaged over, misses included."""
        return int((self.relevant > 0).sum()) + self.failed

    def hits(self, ranking: Ranking) -> Tensor:
        """Boolean ``(Q, L)``: right or wrong at each place."""
        return ranking.hits(self.query.identity, self.gallery.identity)

    def figures(self, hits: Tensor) -> dict[str, Estimate]:
        """``P@1``, ``RP`` and ``MAP@R`` -> mean in [0, 1] with its interval over people."""
        answerable = self.relevant > 0
        identities = torch.cat([self.query.identity[answerable], self.missed.identity[self._failed]])
        return {
            name: bootstrap_by_identity(
                torch.cat([figure(hits[answerable], self.relevant[answerable]), torch.zeros(self.failed)]),
                identities,
                seed=self.seed,
            )
            for name, figure in IDENTIFICATION.items()
        }
