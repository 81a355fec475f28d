"""The one way through retrieval: queries -> first stage -> second stages -> rankings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fdemd.backbones import Backbone
from fdemd.backbones.projection import patches_for
from fdemd.cache.similarities import SimilarityStore
from fdemd.features import Features
from fdemd.retrieval.copies import PLAIN, Copies
from fdemd.retrieval.faiss_search import FaissIndex
from fdemd.retrieval.pair_similarity import PairSimilarity
from fdemd.retrieval.protocol import Labels, barred_rows, measured_protocols
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.reranker import Progress, Reranker, no_progress
from fdemd.retrieval.search import Adjustment
from fdemd.retrieval.search_result import Scored, SearchResult, joined
from fdemd.retrieval.second_stage import SecondStage
from fdemd.retrieval.stage1 import measure_recall, rank_by_cosine
from fdemd.visibility.conditions import CONDITIONS

StoreOf = Callable[[Reranker], SimilarityStore | None]
"""Re-ranker -> where its similarities of some queries are kept; None computes them anew."""


class TwoStageSearch:
    """A gallery, and how it is searched. No network, no image, no file.

    Example:
        >>> import torch
        >>> from fdemd.retrieval.protocol import OFFICIAL
        >>> from fdemd.retrieval.second_stage import second_stages
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
        copies: Copies | None = None,
        compact: bool = False,
        on_progress: Progress = no_progress,
    ) -> None:
        """Describe the search.

        Args:
            gallery: Features of ``G`` faces.
            labels: Where they come from.
            stages: Second stages, each on the shortlist of the first one.
            backbone: The network that gave the features, for re-rankers of projected patches.
            index: Index of the gallery, for the first stage; None compares every face.
            copies: The gallery enrolled with copies, for queries that are covered alike; not with an index.
            compact: Whether patches are made compact before they are compared.
            on_progress: To be told the number of pairs just re-ranked.

        Raises:
            InputError: The network has no such patches as a re-ranker compares.
        """
        self.gallery, self.labels, self.stages = gallery, labels, tuple(stages)
        self.index, self.on_progress, self.copies = index, on_progress, copies
        self._backbone, self.compact = backbone, compact
        kinds = dict.fromkeys(stage.reranker.patches for stage in stages)
        self._views = {kind: patches_for(kind, backbone, gallery) for kind in kinds}
        self._viewed: dict[str, Features] = {}

    def compared(self, stage: SecondStage) -> int | None:
        """Return the number of candidates that a stage's re-ranker is shown; None for the whole gallery.

        A pairwise one sees the longest shortlist of all stages, so that each pair is computed once. What any other says
        of a pair may depend on the whole shortlist: it sees that of the stage alone.
        """
        if stage.k is None or not stage.reranker.pairwise:
            return stage.k
        return max(other.k for other in self.stages if other.k)

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

    def with_gallery(self, gallery: Features) -> TwoStageSearch:
        """Return the same search of another gallery of the same faces, without copies."""
        return TwoStageSearch(
            gallery,
            self.labels,
            self.stages,
            backbone=self._backbone,
            index=self.index,
            compact=self.compact,
            on_progress=self.on_progress,
        )

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
        self._pairs: dict[tuple[Reranker, int | None], PairSimilarity] = {}

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
        if search.copies:
            return self._rank_with_copies(search.copies, protocol, depth)
        depth = max(depth, search.deepest)
        given = query.embedding, search.gallery.embedding, labels, search.labels
        first = rank_by_cosine(*given, protocol=protocol, depth=depth, index=search.index, adjust=self._adjust)
        cosine, recall = None, None
        if self._adjust is not None:
            cosine = rank_by_cosine(*given, protocol=protocol, depth=depth)
        if search.index:
            recall = measure_recall(search.index, first, *given, protocol, depth, seed)
        asked = {stage: (stage.reranker, search.compared(stage)) for stage in search.stages}
        scored = {each: self._score(*each, first, protocol) for each in dict.fromkeys(asked.values())}
        of_stages = {stage: scored[each] for stage, each in asked.items()}
        return SearchResult(protocol, query, first, cosine, recall, of_stages)

    def _rank_with_copies(self, copies: Copies, protocol: str, depth: int) -> SearchResult:
        """Let each query search the gallery that suits it, and put the rankings together."""
        chosen, parts = copies.choose(self._query), []
        for number in chosen.unique().tolist() or [PLAIN]:
            (rows,) = (chosen == number).nonzero(as_tuple=True)
            gallery = self._search.gallery if number == PLAIN else copies.galleries[CONDITIONS[number]]
            queries = self._search.with_gallery(gallery).queries(self._query[rows], self.labels[rows])
            parts.append((rows, queries.rank(protocol, depth)))
        return joined(self._query, parts)

    def _score(self, reranker: Reranker, k: int | None, first: Ranking, protocol: str) -> Scored:
        """Compare the queries with their first ``k`` candidates, or with the whole gallery."""
        search, asked = self._search, (reranker, k)
        if asked not in self._pairs:
            self._pairs[asked] = PairSimilarity(
                reranker,
                self._query,
                search.gallery,
                on_progress=search.on_progress,
                store=self._store_of(reranker),
                view=lambda features: search.view(reranker.patches, features),
                compact=search.compact,
            )
        barred = barred_rows(self.labels, search.labels, protocol) if reranker.needs_barred else None
        return Scored(self._pairs[asked](first.indices[:, :k], barred), self._pairs[asked].seconds)
