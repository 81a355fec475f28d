"""Both stages on given features, under each protocol, with their figures. No network, no image, no file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from fdemd.features import Features
from fdemd.metrics.identification import best_possible
from fdemd.metrics.intervals import Estimate
from fdemd.retrieval.faiss_search import FaissIndex
from fdemd.retrieval.pair_similarity import PairSimilarity
from fdemd.retrieval.protocol import Labels, measured_protocols
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.search import Adjustment
from fdemd.retrieval.settings import RerankSettings
from fdemd.retrieval.stage1 import Recall, measure_recall, rank_by_cosine
from fdemd.retrieval.stage2 import rerank
from fdemd.scoring.judge import Judge

COSINE, STAGE_1, STAGE_2, GAIN, BEST_POSSIBLE = "cosine", "stage 1", "stage 2", "gain", "maximum"
"""``COSINE`` stands beside an aligned first stage only: what it would be without alignment. ``GAIN`` is stage 2 minus
stage 1, with its paired interval."""
FEWEST_PLACES = 5
"""Places that a ranking keeps at least, to be looked at."""


@dataclass(frozen=True)
class Comparison:
    """What one kind of query gave under one protocol.

    Attributes:
        kind: of query.
        grid: rows and columns of the patches that the second stage compared.
        protocol: what was really measured, ``leave-one-out`` for queries that are themselves in the gallery.
        figures: stage -> figure (``P@1``, ``RP``, ``MAP@R``) -> mean in [0, 1] with its interval; a gain in [-1, 1].
        queries: averaged over, misses included.
        missed: queries whose face was not found; each counts as 0 in every figure.
        lone: queries without another photograph of the person in the gallery; not averaged.
        k: candidates that were re-ranked, the whole gallery if it is smaller than asked for; 0 without re-ranking.
        fallbacks: pairs weighted uniformly because no patch had a positive weight.
        unfinished: pairs that did not meet the stopping rule within its rounds.
        stage1: the first stage's ranking.
        stage2: the second's, None without re-ranking.
        engine: that computed the second stage; empty without re-ranking.
        judge: knows which queries have a right answer; None where nobody asks.
        alphas: ``(Q,)`` that ``alpha=auto`` chose; None for a fixed one.
        recall: of the index that the first stage asked; None where it compared every face.
    """

    kind: str
    grid: tuple[int, int]
    protocol: str
    figures: dict[str, dict[str, Estimate]]
    queries: int
    missed: int
    lone: int
    k: int
    fallbacks: int
    unfinished: int
    stage1: Ranking
    stage2: Ranking | None
    engine: str = ""
    judge: Judge | None = None
    alphas: Tensor | None = None
    recall: Recall | None = None


def compare_stages(
    kind: str,
    query: Features,
    query_labels: Labels,
    gallery: Features,
    gallery_labels: Labels,
    *,
    settings: RerankSettings | None,
    protocols: Sequence[str],
    missed: Labels,
    index: FaissIndex | None = None,
    adjust: Adjustment | None = None,
    legacy_self_count: bool = False,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda pairs: None,
) -> list[Comparison]:
    """Rank, re-rank and judge one kind of query under each protocol.

    Args:
        kind: of query, for the result.
        query: features of the queries, ``Q``.
        query_labels: where they come from.
        gallery: features of the gallery, ``G``.
        gallery_labels: where they come from.
        settings: of the second stage; None leaves it out.
        protocols: names, see :mod:`fdemd.retrieval.protocol`.
        missed: where the ``M`` queries come from whose face was not found.
        index: of the gallery, for the first stage; None compares every face.
        adjust: aligns the cosines of both stages, which are then compared with plain ones; without an index only.
        legacy_self_count: see :func:`fdemd.retrieval.protocol.count_relevant`.
        seed: of the bootstrap, and of the sample of queries on which the index is compared with the exact search.
        on_progress: told the number of pairs just re-ranked.
    """
    similarity = PairSimilarity(query, gallery, settings, on_progress) if settings else None
    comparisons = []
    for protocol in measured_protocols(protocols, query_labels, gallery_labels):
        judge = Judge(query_labels, missed, gallery_labels, protocol, legacy_self_count, seed)
        depth = max(int(judge.relevant.max()), settings.k if settings else FEWEST_PLACES)
        embeddings, labels = (query.embedding, gallery.embedding), (query_labels, gallery_labels)
        first = rank_by_cosine(*embeddings, *labels, protocol=protocol, depth=depth, index=index, adjust=adjust)
        hits = {STAGE_1: judge.hits(first)}
        if adjust is not None:
            plain = rank_by_cosine(*embeddings, *labels, protocol=protocol, depth=depth)
            hits = {COSINE: judge.hits(plain)} | hits
        second, counts, engine = None, (0, 0, 0), ""
        if settings and similarity:
            shortlist = first.indices[:, : settings.k]
            pairs, present = similarity(shortlist), shortlist != NOBODY
            second = rerank(first, pairs.similarity, settings.alpha)
            engine = pairs.engine
            hits[STAGE_2] = judge.hits(second)
            hits[BEST_POSSIBLE] = best_possible(hits[STAGE_1], settings.k)
            counts = (
                shortlist.shape[1],
                int((pairs.fallback & present).sum()),
                int((pairs.unfinished & present).sum()),
            )
        comparisons.append(
            Comparison(
                kind,
                (settings and settings.grid) or query.grid,
                protocol,
                _figures(judge, hits),
                queries=judge.queries,
                missed=judge.failed,
                lone=judge.lone,
                k=counts[0],
                fallbacks=counts[1],
                unfinished=counts[2],
                stage1=first,
                stage2=second,
                engine=engine,
                judge=judge,
                alphas=None if second is None else second.alphas,
                recall=measure_recall(index, first, *embeddings, *labels, protocol, depth, seed) if index else None,
            )
        )
    return comparisons


def _figures(judge: Judge, hits: Mapping[str, Tensor]) -> dict[str, dict[str, Estimate]]:
    """Figures of each stage, and of the gain after the second."""
    values, figures = {stage: judge.values(hit) for stage, hit in hits.items()}, {}
    for stage, found in values.items():
        figures[stage] = judge.figures(found)
        if stage == STAGE_2:
            figures[GAIN] = judge.gains(found, values[STAGE_1])
    return figures
