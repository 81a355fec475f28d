"""What queries found: the first stage's ranking, and that of each second stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from fdemd.features import Features
from fdemd.retrieval.alpha import chosen_alpha
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.reranker import Similarity
from fdemd.retrieval.second_stage import SecondStage
from fdemd.retrieval.stage1 import Recall
from fdemd.retrieval.stage2 import reorder


class PairCounts(NamedTuple):
    """What is worth saying of the pairs of a second stage."""

    k: int
    """Candidates of each query, the whole gallery if it is smaller than asked for."""
    fallback: int
    """Pairs compared in another way than asked for."""
    unfinished: int
    """Pairs whose computation was broken off."""


class Scored(NamedTuple):
    """Similarities of a second stage, and the seconds that they took when they were computed."""

    similarity: Similarity
    seconds: float


@dataclass(frozen=True)
class SearchResult:
    """What the queries found under one protocol.

    Attributes:
        protocol: Under which they searched.
        query: Features of the queries.
        first: The first stage's ranking.
        cosine: The ranking by the plain cosine, where that of the first stage is by a normalized one; else None.
        recall: Share of the exact ranking that the index found; None where every face was compared.
    """

    protocol: str
    query: Features
    first: Ranking
    cosine: Ranking | None = None
    recall: Recall | None = None
    _scored: Mapping[SecondStage, Scored] = field(default_factory=dict, repr=False)

    @property
    def stages(self) -> tuple[SecondStage, ...]:
        """The second stages that compared something."""
        return tuple(self._scored)

    def similarity(self, stage: SecondStage) -> Similarity:
        """Return what a second stage's re-ranker said of the first places, at least k of them if there are so many."""
        return self._scored[stage].similarity

    def seconds(self, stage: SecondStage) -> float:
        """Return the seconds that this took when it was computed, perhaps by an earlier run."""
        return self._scored[stage].seconds

    def second(self, stage: SecondStage) -> Ranking:
        """Return a second stage's ranking."""
        similarity = self.similarity(stage).values[:, : stage.k]
        return reorder(self.first, similarity, chosen_alpha(stage.alpha, self.query, self.first, similarity))

    def counts(self, stage: SecondStage, queries: Tensor | None = None) -> PairCounts:
        """Return the counts of a second stage's pairs; of some queries only, if booleans ``(Q,)`` say which."""
        shortlist, found = self.first.indices[:, : stage.k], self.similarity(stage)
        present = shortlist != NOBODY if queries is None else (shortlist != NOBODY) & queries[:, None]
        fallback, unfinished = (
            0 if each is None else int((each[:, : stage.k] & present).sum())
            for each in (found.fallback, found.unfinished)
        )
        return PairCounts(shortlist.shape[1], fallback, unfinished)


def joined(query: Features, parts: Sequence[tuple[Tensor, SearchResult]]) -> SearchResult:
    """Put together what some queries found and what others found, under one protocol by the same second stages.

    Args:
        query: Features of all ``Q`` queries.
        parts: Numbers of the queries of each part, and what they found; every query is in one part.
    """
    rows = torch.cat([numbers for numbers, _ in parts]).argsort()
    results = [result for _, result in parts]

    def together(tensors: Sequence[Tensor], fill: float) -> Tensor:
        """One below the other in the order of the queries; rows that are shorter than others are filled up."""
        width = max(each.shape[1] for each in tensors)
        return torch.cat([pad(each, (0, width - each.shape[1]), value=fill) for each in tensors])[rows]

    def scored(stage: SecondStage) -> Scored:
        found = [result.similarity(stage) for result in results]
        none = [torch.zeros_like(each.values, dtype=torch.bool) for each in found]

        def marks(name: str) -> Tensor:
            given = [getattr(each, name) for each in found]
            return together([empty if mark is None else mark for mark, empty in zip(given, none, strict=True)], False)

        similarity = Similarity(
            together([each.values for each in found], 0.0), marks("fallback"), marks("unfinished"), found[0].engine
        )
        return Scored(similarity, sum(result.seconds(stage) for result in results))

    first = Ranking(
        together([result.first.indices for result in results], NOBODY),
        together([result.first.scores for result in results], -torch.inf),
        gallery_size=results[0].first.gallery_size,
    )
    stages = {stage: scored(stage) for stage in results[0].stages}
    return SearchResult(results[0].protocol, query, first, _scored=stages)
