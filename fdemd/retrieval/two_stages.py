"""The one way through retrieval: queries -> first stage -> second stages -> rankings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.backbones.projection import patches_for
from fdemd.cache.similarities import SimilarityStore
from fdemd.features import Features
from fdemd.retrieval.alpha import Alpha, build_alpha, chosen_alpha
from fdemd.retrieval.faiss_search import FaissIndex
from fdemd.retrieval.pair_similarity import PairSimilarity
from fdemd.retrieval.protocol import Labels, barred_rows, measured_protocols
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.reranker import Progress, Reranker, Similarity, no_progress
from fdemd.retrieval.rerankers import build_reranker
from fdemd.retrieval.search import Adjustment
from fdemd.retrieval.stage1 import Recall, measure_recall, rank_by_cosine
from fdemd.retrieval.stage2 import reorder
from fdemd.settings.ranking import Reranking

StoreOf = Callable[[Reranker], SimilarityStore | None]
"""Re-ranker -> where its similarities of some queries are kept; None computes them anew."""


@dataclass(frozen=True)
class SecondStage:
    """One way to order a shortlist anew.

    Attributes:
        reranker: Gives the similarity; those with the same one share its similarities.
        alpha: Share of the similarity in the score, in [0, 1]; the rest is the cosine's. Or a rule that chooses it for
            each query, see :func:`fdemd.retrieval.alpha.build_alpha`.
        k: Number of candidates; None for the whole gallery.
    """

    reranker: Reranker
    alpha: Alpha = 0.7
    k: int | None = 100


def second_stages(settings: Reranking | None, backbone: Backbone | None = None) -> tuple[SecondStage, ...]:
    """Return the second stage that settings describe; none without any.

    Args:
        settings: The settings.
        backbone: The network, for ``alpha=calibrated``.

    Raises:
        InputError: There is no such re-ranker, or no calibration for it and this network.
    """
    if settings is None:
        return ()
    return (SecondStage(build_reranker(settings), build_alpha(settings.alpha, settings, backbone), settings.k),)


class PairCounts(NamedTuple):
    """What is worth saying of the pairs of a second stage."""

    k: int
    """Candidates of each query, the whole gallery if it is smaller than asked for."""
    fallback: int
    """Pairs compared in another way than asked for."""
    unfinished: int
    """Pairs whose computation was broken off."""


class _Scored(NamedTuple):
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
    _scored: Mapping[tuple[Reranker, bool], _Scored] = field(default_factory=dict, repr=False)

    def similarity(self, stage: SecondStage) -> Similarity:
        """Return what a second stage's re-ranker said of the first places, at least k of them if there are so many."""
        return self._scored[_asked(stage)].similarity

    def seconds(self, stage: SecondStage) -> float:
        """Return the seconds that this took when it was computed, perhaps by an earlier run."""
        return self._scored[_asked(stage)].seconds

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


class TwoStageSearch:
    """A gallery, and how it is searched. No network, no image, no file.

    Example:
        >>> import torch
        >>> from fdemd.retrieval.protocol import OFFICIAL
        >>> from fdemd.settings.ranking import EmdRerank
        >>> faces = Features(torch.eye(4), torch.eye(4).expand(4, 4, 4), (2, 2))
        >>> stages = second_stages(EmdRerank(weighting="uniform", k=2))
        >>> search = TwoStageSearch(faces, Labels.distinct(torch.arange(4)), stages)
        >>> found = search.queries(faces[:1], Labels.distinct(torch.tensor([0]), first=4)).rank(OFFICIAL, depth=3)
        >>> found.second(stages[0]).indices
        tensor([[0, 1, 2]])
    """

    def __init__(
        self,
        gallery: Features,
        labels: Labels,
        stages: Sequence[SecondStage] = (),
        *,
        backbone: Backbone | None = None,
        index: FaissIndex | None = None,
        on_progress: Progress = no_progress,
    ) -> None:
        """Describe the search.

        Args:
            gallery: Features of ``G`` faces.
            labels: Where they come from.
            stages: Second stages, each on the shortlist of the first one.
            backbone: The network that gave the features, for re-rankers of projected patches.
            index: Index of the gallery, for the first stage; None compares every face.
            on_progress: To be told the number of pairs just re-ranked.

        Raises:
            InputError: The network has no such patches as a re-ranker compares.
        """
        self.gallery, self.labels, self.stages = gallery, labels, tuple(stages)
        self.index, self.on_progress = index, on_progress
        kinds = dict.fromkeys(stage.reranker.patches for stage in stages)
        self._views = {kind: patches_for(kind, backbone, gallery) for kind in kinds}
        self._viewed: dict[str, Features] = {}

    @property
    def shortlist(self) -> int:
        """Candidates that the second stages compare, those of the whole gallery aside; 0 without any."""
        return max((stage.k for stage in self.stages if stage.k), default=0)

    @property
    def deepest(self) -> int:
        """Places of the first stage that the second stages look at."""
        return max((stage.k or len(self.gallery) for stage in self.stages), default=0)

    def queries(
        self,
        query: Features,
        labels: Labels,
        *,
        adjust: Adjustment | None = None,
        store_of: StoreOf = lambda reranker: None,
    ) -> Queries:
        """Return some queries, ready to be searched for.

        Args:
            query: Features of ``Q`` faces.
            labels: Where they come from.
            adjust: Normalizes the cosines of the first stage; without an index only.
            store_of: Keeps the similarities of these queries.
        """
        return Queries(self, query, labels, adjust, store_of)

    def view(self, kind: str, features: Features) -> Features:
        """Return features with a kind of patches, those of the gallery made once."""
        if features is not self.gallery:
            return self._views[kind](features)
        if kind not in self._viewed:
            self._viewed[kind] = self._views[kind](features)
        return self._viewed[kind]


class Queries:
    """Some queries of a :class:`TwoStageSearch`; what protocols have in common is computed once."""

    def __init__(
        self, search: TwoStageSearch, query: Features, labels: Labels, adjust: Adjustment | None, store_of: StoreOf
    ) -> None:
        self._search, self._query, self.labels, self._adjust = search, query, labels, adjust
        self._store_of = store_of
        self._pairs: dict[tuple[Reranker, bool], PairSimilarity] = {}

    def protocols(self, asked: Sequence[str]) -> list[str]:
        """Return the protocols to measure, see :func:`fdemd.retrieval.protocol.measured_protocols`."""
        return measured_protocols(asked, self.labels, self._search.labels)

    def rank(self, protocol: str, depth: int, *, seed: int = 0) -> SearchResult:
        """Rank the gallery for each query, and compare what the second stages look at.

        Args:
            protocol: See :mod:`fdemd.retrieval.protocol`.
            depth: Places to keep at least.
            seed: Seed of the sample of queries on which an index is compared with the exact search.

        Raises:
            InputError: An embedding is not finite, the protocol is unknown, or a re-ranker cannot compare the faces.
        """
        search, query, labels = self._search, self._query, self.labels
        depth = max(depth, search.deepest)
        given = query.embedding, search.gallery.embedding, labels, search.labels
        first = rank_by_cosine(*given, protocol=protocol, depth=depth, index=search.index, adjust=self._adjust)
        cosine, recall = None, None
        if self._adjust is not None:
            cosine = rank_by_cosine(*given, protocol=protocol, depth=depth)
        if search.index:
            recall = measure_recall(search.index, first, *given, protocol, depth, seed)
        scored: dict[tuple[Reranker, bool], _Scored] = {}
        for stage in search.stages:
            if (asked := _asked(stage)) not in scored:
                scored[asked] = self._score(*asked, first, protocol)
        return SearchResult(protocol, query, first, cosine, recall, scored)

    def _score(self, reranker: Reranker, whole: bool, first: Ranking, protocol: str) -> _Scored:
        """Compare the queries with the shortlist, or with the whole gallery."""
        search, asked = self._search, (reranker, whole)
        if asked not in self._pairs:
            self._pairs[asked] = PairSimilarity(
                reranker,
                self._query,
                search.gallery,
                on_progress=search.on_progress,
                store=self._store_of(reranker),
                view=lambda features: search.view(reranker.patches, features),
            )
        candidates = first.indices if whole else first.indices[:, : search.shortlist]
        barred = barred_rows(self.labels, search.labels, protocol) if reranker.needs_barred else None
        return _Scored(self._pairs[asked](candidates, barred), self._pairs[asked].seconds)


def _asked(stage: SecondStage) -> tuple[Reranker, bool]:
    """The whole gallery is asked for on its own, so that its time stands beside that of a shortlist."""
    return stage.reranker, stage.k is None
