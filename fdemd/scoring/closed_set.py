"""Both stages on given features, under each protocol, with their figures. No network, no image, no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from fdemd.features import Features
from fdemd.metrics.identification import IDENTIFICATION, QueryMetric, best_possible
from fdemd.metrics.intervals import Estimate
from fdemd.retrieval.protocol import Labels
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.search import Adjustment
from fdemd.retrieval.search_result import PairCounts
from fdemd.retrieval.stage1 import Recall
from fdemd.retrieval.two_stages import StoreOf, TwoStageSearch
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.visibility.calibration import Calibration

COSINE, STAGE_1, STAGE_2, GAIN, BEST_POSSIBLE = "cosine", "stage 1", "stage 2", "gain", "maximum"
"""``COSINE`` stands beside a first stage of normalized cosines only: what it would be without normalization. ``GAIN``
is stage 2 minus stage 1, with its paired interval."""
FEWEST_PLACES = 5
"""Places that a ranking keeps at least, to be looked at."""


@dataclass(frozen=True)
class Comparison:
    """What one kind of query gave under one protocol.

    Attributes:
        kind: Kind of query.
        grid: Rows and columns of the patches that the second stage compared.
        protocol: What was really measured, ``leave-one-out`` for queries that are themselves in the gallery.
        figures: Stage -> figure (``P@1``, ``RP``, ``MAP@R``) -> mean in [0, 1] with its interval; a gain in [-1, 1].
        queries: Number averaged over, misses included.
        missed: Number of queries whose face was not found; each counts as 0 in every figure.
        lone: Number of queries without another photograph of the person in the gallery; not averaged.
        k: Candidates that were re-ranked, the whole gallery if it is smaller than asked for; 0 without re-ranking.
        fallbacks: Pairs weighted uniformly because no patch had a positive weight.
        unfinished: Pairs that did not meet the stopping rule within its rounds.
        stage1: The first stage's ranking.
        stage2: The second's, None without re-ranking.
        truth: Knows which queries have a right answer; None where nobody asks.
        engine: Name of what computed the second stage; empty without re-ranking, or if there is no choice.
        alphas: ``(Q,)`` that ``alpha=auto`` or ``calibrated`` chose; None for a fixed one.
        calibration: What ``alpha=calibrated`` went by; None with another alpha.
        recall: Recall of the index that the first stage asked; None where it compared every face.
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
    truth: GroundTruth | None = None
    engine: str = ""
    alphas: Tensor | None = None
    calibration: Calibration | None = None
    recall: Recall | None = None


def compare_stages(
    search: TwoStageSearch,
    kind: str,
    query: Features,
    labels: Labels,
    *,
    protocols: Sequence[str],
    missed: Labels,
    adjust: Adjustment | None = None,
    legacy_self_count: bool = False,
    seed: int = 0,
    metrics: Mapping[str, QueryMetric] = IDENTIFICATION,
    store_of: StoreOf = lambda reranker: None,
) -> list[Comparison]:
    """Search for one kind of query under each protocol, and score both stages.

    Args:
        search: The gallery and, at most, one second stage.
        kind: Kind of query, for the result.
        query: Features of the ``Q`` queries.
        labels: Where they come from.
        protocols: Names, see :mod:`fdemd.retrieval.protocol`.
        missed: Where the ``M`` queries come from whose face was not found.
        adjust: Normalizes the cosines of both stages, which are then compared with plain ones; without an index only.
        legacy_self_count: See :func:`fdemd.retrieval.protocol.count_relevant`.
        seed: Seed of the bootstrap, and of the sample of queries on which an index is compared with the exact search.
        metrics: Name of each figure -> how it is computed.
        store_of: Keeps the similarities of these queries.
    """
    stage = search.stages[0] if search.stages else None
    queries, comparisons = search.queries(query, labels, adjust=adjust, store_of=store_of), []
    for protocol in queries.protocols(protocols):
        truth = GroundTruth(labels, missed, search.labels, protocol, legacy_self_count, seed, metrics)
        depth = max(truth.most_relevant, 0 if stage else FEWEST_PLACES)
        found = queries.rank(protocol, depth, seed=seed)
        hits = {} if found.cosine is None else {COSINE: truth.hits(found.cosine)}
        hits[STAGE_1] = truth.hits(found.first)
        second, counts = None, PairCounts(0, 0, 0)
        if stage:
            second, counts = found.second(stage), found.counts(stage)
            hits[STAGE_2] = truth.hits(second)
            hits[BEST_POSSIBLE] = best_possible(hits[STAGE_1], counts.k)
        comparisons.append(
            Comparison(
                kind,
                stage.reranker.prepare(query[:1]).grid if stage else query.grid,
                protocol,
                _figures(truth, hits),
                queries=truth.queries,
                missed=truth.failed,
                lone=truth.lone,
                k=counts.k,
                fallbacks=counts.fallback,
                unfinished=counts.unfinished,
                stage1=found.first,
                stage2=second,
                truth=truth,
                engine=found.similarity(stage).engine if stage else "",
                alphas=None if second is None else second.alphas,
                calibration=stage.calibration if stage else None,
                recall=found.recall,
            )
        )
    return comparisons


def _figures(truth: GroundTruth, hits: Mapping[str, Tensor]) -> dict[str, dict[str, Estimate]]:
    """Figures of each stage, and of the gain after the second."""
    values, figures = {stage: truth.values(hit) for stage, hit in hits.items()}, {}
    for stage, found in values.items():
        figures[stage] = truth.figures(found)
        if stage == STAGE_2:
            figures[GAIN] = truth.gains(found, values[STAGE_1])
    return figures
