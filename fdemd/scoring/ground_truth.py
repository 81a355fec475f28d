"""Rankings and labels -> figures with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from fdemd.metrics.identification import IDENTIFICATION, QueryMetric
from fdemd.metrics.intervals import Estimate, bootstrap_by_identity
from fdemd.retrieval.protocol import Labels, count_relevant
from fdemd.retrieval.ranking import Ranking

Values = Mapping[str, Tensor]
"""Name of a figure, such as ``P@1`` -> ``(Q,)``, one number a query."""


@dataclass(frozen=True)
class GroundTruth:
    """Which answers are right for one kind of query under one protocol.

    Attributes:
        query: Labels of the ``Q`` queries.
        missed: Labels of the ``M`` queries whose face was not found; each counts as 0 in every figure.
        gallery: Labels of the gallery.
        protocol: What may be compared, see :mod:`fdemd.retrieval.protocol`.
        legacy: Whether to count as the published code does, see :func:`fdemd.retrieval.protocol.count_relevant`.
        seed: Seed of the bootstrap.
        metrics: Name of each figure -> how it is computed.

    Example:
        >>> gallery = Labels.distinct(torch.tensor([0, 0, 1]))
        >>> query = Labels.distinct(torch.tensor([0, 1]), first=3)
        >>> truth = GroundTruth(query, query[:0], gallery, "official")
        >>> found = Ranking(torch.tensor([[0, 1, 2], [1, 2, 0]]), torch.tensor([[0.9, 0.8, 0.1], [0.7, 0.6, 0.5]]))
        >>> truth.figures(truth.values(truth.hits(found)))["P@1"].mean
        0.5
    """

    query: Labels
    missed: Labels
    gallery: Labels
    protocol: str
    legacy: bool = False
    seed: int = 0
    metrics: Mapping[str, QueryMetric] = field(default_factory=lambda: IDENTIFICATION)

    @cached_property
    def relevant(self) -> Tensor:
        """Number of right answers in the gallery for each query, ``(Q,)``."""
        return count_relevant(self.query, self.gallery, self.protocol, legacy=self.legacy)

    @property
    def most_relevant(self) -> int:
        """Largest number of right answers of a query, the places that a ranking needs; 0 without queries."""
        return max(self.relevant.tolist(), default=0)

    @cached_property
    def failing(self) -> Tensor:
        """Which of the queries without a face have a right answer, boolean ``(M,)``."""
        return count_relevant(self.missed, self.gallery, self.protocol, legacy=self.legacy) > 0

    @property
    def failed(self) -> int:
        """Number of queries without a face that have a right answer."""
        return int(self.failing.sum())

    @property
    def lone(self) -> int:
        """Number of queries without a right answer, with a face or without; they are not averaged."""
        return int((self.relevant == 0).sum() + (~self.failing).sum())

    @property
    def queries(self) -> int:
        """Number of queries that are averaged, misses included."""
        return int((self.relevant > 0).sum()) + self.failed

    def hits(self, ranking: Ranking) -> Tensor:
        """Return which places of a ranking are right, boolean ``(Q, L)``."""
        return ranking.hits(self.query.identity, self.gallery.identity)

    def values(self, hits: Tensor) -> Values:
        """Return the figures of each query that is averaged, those without a face last."""
        answerable = self.relevant > 0
        found, relevant, nothing = (
            hits[answerable],
            self.relevant[answerable],
            hits.new_zeros(self.failed, dtype=torch.float32),
        )
        return {name: torch.cat([metric(found, relevant), nothing]) for name, metric in self.metrics.items()}

    def figures(self, values: Values) -> dict[str, Estimate]:
        """Return the mean of each figure, with its interval over people; in [0, 1] for those of this package."""
        return {name: self._estimate(numbers) for name, numbers in values.items()}

    def gains(self, after: Values, before: Values) -> dict[str, Estimate]:
        """Return the mean difference of two rankings: each query, and each person drawn, by both."""
        return self.figures({name: after[name] - before[name] for name in after})

    def _estimate(self, values: Tensor) -> Estimate:
        return bootstrap_by_identity(values, self._identities, seed=self.seed)

    @cached_property
    def _identities(self) -> Tensor:
        return torch.cat([self.query.identity[self.relevant > 0], self.missed.identity[self.failing]])
