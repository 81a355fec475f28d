"""One network, one data set: every method of a study on the same first stage."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.cache.similarities import Computed, SimilarityStore
from fdemd.embedding.data import EmbeddedData
from fdemd.features import Features
from fdemd.metrics.identification import best_possible, first_hits
from fdemd.metrics.intervals import Estimate
from fdemd.retrieval.k_reciprocal import KReciprocal
from fdemd.retrieval.pair_similarity import PairSimilarity, patches_for
from fdemd.retrieval.protocol import Labels, barred_rows, measured_protocols
from fdemd.retrieval.query_expansion import expanded_similarity
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.settings import RerankSettings
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.stage2 import rerank
from fdemd.scoring.closed_set import BEST_POSSIBLE, COSINE, STAGE_1
from fdemd.scoring.judge import Judge, Values
from fdemd.scoring.methods import ExpansionSettings, KReciprocalSettings, Measure, Method

Asked = tuple[Measure, bool]
"""A similarity, and whether it is wanted of the whole gallery."""
_QUERIES_A_PIECE = 256
"""Of k-reciprocal re-ranking, which takes hundredths of a second a query; stored together."""


@dataclass(frozen=True)
class Outcome:
    """What one method gave for one kind of query under one protocol.

    Attributes:
        kind: of query.
        protocol: that was measured.
        facts: that name the method: ``method``, ``weighting``, ``patches``, ``grid``, ``alpha``, ``k``.
        figures: ``P@1``, ``RP``, ``MAP@R`` -> mean in [0, 1] with its interval over people.
        queries: averaged over, misses included.
        missed: queries whose face was not found.
        lone: queries without a right answer; not averaged.
        seconds: that the similarity of all pairs took on the machine that computed it; None where none is needed.
        gains: over stage 1, of each figure with its paired interval; None for what is no method.
        ranks: ``(Q,)`` place of the right person for each query with a face, from 1; 0 where it is none of those that
            were ranked. None for the best possible, which has no ranking.
        judge: Knows which queries have a right answer.
    """

    kind: str
    protocol: str
    facts: Mapping[str, Any]
    figures: Mapping[str, Estimate]
    queries: int
    missed: int
    lone: int
    seconds: float | None
    gains: Mapping[str, Estimate] | None = None
    ranks: Tensor | None = None
    judge: Judge | None = None


@dataclass(frozen=True)
class Scored:
    """One kind of query under one protocol, ready to be ranked by any alpha and k.

    Attributes:
        judge: knows the right answers.
        first: stage 1's ranking.
        similarity: what is asked for -> similarity ``(Q, k)`` of the first k of ``first``, and the seconds that it took
            when it was computed.
        plain: the ranking by the cosine where that of stage 1 is by an aligned one; else None.
    """

    judge: Judge
    first: Ranking
    similarity: Mapping[Asked, tuple[Tensor, float]]
    plain: Ranking | None = None


class Measuring:
    """Measures the methods on the embedded faces of one network."""

    def __init__(
        self,
        data: EmbeddedData,
        methods: Sequence[Method],
        *,
        rows: Tensor,
        missed: Tensor,
        cache: Path | None,
        legacy: bool,
        seed: int,
        on_progress: Callable[[int], None],
    ) -> None:
        """Describe the measurement.

        Args:
            data: queries and gallery.
            methods: to compare.
            rows: manifest rows of the queries to use, of ``data.faces.query_rows``.
            missed: likewise of ``data.faces.missed_rows``.
            cache: keeps the similarities; None computes them anew.
            legacy: see :class:`fdemd.scoring.judge.Judge`.
            seed: of the bootstrap.
            on_progress: told the number of pairs just computed.

        Raises:
            InputError: the network has no such patches as a method wants.
        """
        self._data, self._methods, self._cache = data, methods, cache
        self._rows, self._missed = rows, missed
        self._legacy, self._seed, self._on_progress = legacy, seed, on_progress
        self._gallery, self._gallery_labels = data.gallery()
        self._shortlist = max((method.k for method in methods if method.k), default=0)
        self._deepest = max((method.k or len(self._gallery)) for method in methods)
        self._views = {
            method.measure.patches: patches_for(method.measure, data.backbone, self._gallery)
            for method in methods
            if isinstance(method.measure, RerankSettings)
        }
        self._seen_gallery: dict[str, Features] = {}
        self._k_reciprocal: dict[Measure, KReciprocal] = {}

    def outcomes(self, kind: str, protocols: Sequence[str]) -> list[Outcome]:
        """Stage 1 (the plain cosine before it where it is aligned), the best possible, and every method."""
        return [outcome for scored in self.scored(kind, protocols) for outcome in self._outcomes(kind, scored)]

    def scored(self, kind: str, protocols: Sequence[str]) -> Iterator[Scored]:
        """What the methods' rankings are made of, under each protocol."""
        query, labels = self._data.query(kind, self._rows)
        missed, gallery = self._data.missed(kind, self._missed), self._gallery_labels
        adjust = self._data.adjustment(query, self._gallery)
        pairs: dict[Asked, PairSimilarity] = {}
        for protocol in measured_protocols(protocols, labels, gallery):
            judge = Judge(labels, missed, gallery, protocol, self._legacy, self._seed)
            depth = max(int(judge.relevant.max()), self._deepest)
            embeddings = query.embedding, self._gallery.embedding
            first = rank_by_cosine(*embeddings, labels, gallery, protocol=protocol, depth=depth, adjust=adjust)
            plain = None
            if adjust is not None:
                plain = rank_by_cosine(*embeddings, labels, gallery, protocol=protocol, depth=depth)
            measured: dict[Asked, tuple[Tensor, float]] = {}
            for method in self._methods:
                asked = _asked(method)
                if asked not in measured:
                    measured[asked] = self._similarity(asked, kind, query, labels, first, judge, pairs)
            yield Scored(judge, first, measured, plain)

    def _outcomes(self, kind: str, scored: Scored) -> list[Outcome]:
        judge, first = scored.judge, scored.first

        def outcome(facts: dict[str, Any], values: Values, **measured: Any) -> Outcome:
            counts = {"queries": judge.queries, "missed": judge.failed, "lone": judge.lone, "seconds": None}
            return Outcome(kind, judge.protocol, facts, judge.figures(values), judge=judge, **counts | measured)

        hits = judge.hits(first)
        before = judge.values(hits)
        found = []
        if scored.plain:
            plain = judge.hits(scored.plain)
            found.append(outcome(_named(COSINE), judge.values(plain), ranks=first_hits(plain)))
        found.append(outcome(_named(STAGE_1), before, ranks=first_hits(hits)))
        shortlists = sorted({method.k for method in self._methods if method.k})
        found += [outcome(_named(BEST_POSSIBLE, k=k), judge.values(best_possible(hits, k))) for k in shortlists]
        for method in self._methods:
            similarity, seconds = scored.similarity[_asked(method)]
            ranking = rerank(first, similarity[:, : method.k], method.alpha)
            reranked = judge.hits(ranking)
            after = judge.values(reranked)
            measured = {"seconds": seconds, "gains": judge.gains(after, before), "ranks": first_hits(reranked)}
            found.append(outcome(method.facts(self._gallery.grid), after, **measured))
        return found

    def _similarity(
        self,
        asked: Asked,
        kind: str,
        query: Features,
        labels: Labels,
        first: Ranking,
        judge: Judge,
        pairs: dict[Asked, PairSimilarity],
    ) -> tuple[Tensor, float]:
        """Similarity ``(Q, k)`` of the first k, and the seconds that it took when it was computed."""
        measure, whole = asked
        candidates, gallery = first.indices[:, : None if whole else self._shortlist], self._gallery
        if isinstance(measure, RerankSettings):
            return self._transported(measure, kind, query, candidates, pairs, asked)
        started = time.perf_counter()
        if isinstance(measure, ExpansionSettings):
            similarity = expanded_similarity(query.embedding, gallery.embedding, candidates, n=measure.n)
            return similarity, time.perf_counter() - started
        return self._reciprocal(
            measure, kind, query, candidates, barred_rows(labels, self._gallery_labels, judge.protocol)
        )

    def _transported(
        self,
        measure: RerankSettings,
        kind: str,
        query: Features,
        candidates: Tensor,
        pairs: dict[Asked, PairSimilarity],
        asked: Asked,
    ) -> tuple[Tensor, float]:
        """Earth Mover's similarity; a pair that two protocols ask for is computed once."""
        store = self._store(measure, kind)
        if asked not in pairs:
            view = partial(self._seen, measure.patches)
            pairs[asked] = PairSimilarity(query, self._gallery, measure, self._on_progress, store, view)
        started = time.perf_counter()
        similarity = pairs[asked](candidates).similarity
        return similarity, pairs[asked].seconds or time.perf_counter() - started

    def _seen(self, patches: str, features: Features) -> Features:
        """The features with such patches, those of the gallery made once."""
        if features is not self._gallery:
            return self._views[patches](features)
        if patches not in self._seen_gallery:
            self._seen_gallery[patches] = self._views[patches](features)
        return self._seen_gallery[patches]

    def _reciprocal(
        self, measure: KReciprocalSettings, kind: str, query: Features, candidates: Tensor, barred: Tensor
    ) -> tuple[Tensor, float]:
        def compute(rows: slice) -> Computed:
            if measure not in self._k_reciprocal:
                self._k_reciprocal[measure] = KReciprocal(self._gallery.embedding, measure.k1, measure.k2)
            found = self._k_reciprocal[measure].similarity(query.embedding[rows], candidates[rows], barred[rows])
            self._on_progress(found.numel())
            return {"similarity": found}

        pieces, store, started = [], self._store(measure, kind), time.perf_counter()
        for first in range(0, len(candidates), _QUERIES_A_PIECE):
            rows = slice(first, min(first + _QUERIES_A_PIECE, len(candidates)))
            asked = torch.cat([candidates[rows], barred[rows]], dim=1)  # both decide the result
            pieces.append(store.get(rows, asked, partial(compute, rows)) if store else compute(rows))
        seconds = store.seconds if store else time.perf_counter() - started
        return torch.cat([piece["similarity"] for piece in pieces]), seconds

    def _store(self, measure: Measure, kind: str) -> SimilarityStore | None:
        query, gallery = self._data.features[kind], self._data.features["clean"]
        if self._cache is None or not query.name:
            return None
        rows = [
            hashlib.sha256(each.numpy().tobytes()).hexdigest() for each in (self._rows, self._data.faces.gallery_rows)
        ]
        settings = {"measure": type(measure).__name__, **asdict(measure)}
        return SimilarityStore(self._cache, {"query": query.name, "gallery": gallery.name, "rows": rows, **settings})


def _asked(method: Method) -> Asked:
    """The whole gallery is asked for on its own, so that its time stands beside that of a shortlist."""
    return method.measure, method.k is None


def _named(method: str, **facts: Any) -> dict[str, Any]:
    """The columns that name a method, for one without settings."""
    return {"method": method, "weighting": "", "patches": "", "grid": "", "alpha": "", "k": "", **facts}
