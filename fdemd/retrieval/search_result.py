"""What queries found: the first stage's ranking, and that of each second stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

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
