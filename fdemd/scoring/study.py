"""One network, one data set: every method of a study on the same first stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from fdemd.embedding.data import EmbeddedData
from fdemd.metrics.identification import IDENTIFICATION, QueryMetric, best_possible, first_hits
from fdemd.metrics.intervals import Estimate
from fdemd.retrieval.alpha import build_alpha
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.reranker import Progress, no_progress
from fdemd.retrieval.rerankers import build_reranker
from fdemd.retrieval.search_result import SearchResult
from fdemd.retrieval.second_stage import SecondStage
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import BEST_POSSIBLE, COSINE, STAGE_1
from fdemd.scoring.ground_truth import GroundTruth, Values
from fdemd.settings.methods import WHOLE_GALLERY, Method
from fdemd.settings.ranking import EmdRerank


@dataclass(frozen=True)
class Outcome:
    """What one method gave for one kind of query under one protocol.

    Attributes:
        kind: Kind of query.
        protocol: What was really measured.
        facts: What names the method: ``method``, ``weighting``, ``patches``, ``grid``, ``alpha``, ``k``.
        figures: ``P@1``, ``RP``, ``MAP@R`` -> mean in [0, 1] with its interval over people.
        queries: Number averaged over, misses included.
        missed: Number of queries whose face was not found.
        lone: Number of queries without a right answer; not averaged.
        seconds: That the similarity of all pairs took on the machine that computed it; None where none is needed.
        gains: Gain over stage 1 of each figure, with its paired interval; None for what is no method.
        truth: Knows which queries have a right answer.
        ranks: ``(Q,)`` place of the right person for each query with a face, from 1; 0 where it is none of those that
            were ranked. None for the best possible, which has no ranking.
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
    truth: GroundTruth | None = None
    ranks: Tensor | None = None


class StudyComparison:
    """Compares the methods on the embedded faces of one network."""

    def __init__(
        self,
        data: EmbeddedData,
        methods: Sequence[Method],
        *,
        rows: Tensor,
        missed: Tensor,
        cache: Path | None,
        legacy: bool = False,
        seed: int = 0,
        metrics: Mapping[str, QueryMetric] = IDENTIFICATION,
        on_progress: Progress = no_progress,
    ) -> None:
        """Describe the comparison.

        Args:
            data: Queries and gallery.
            methods: Methods to compare.
            rows: Manifest rows of the queries to use, of ``data.faces.query_rows``.
            missed: Likewise of ``data.faces.missed_rows``.
            cache: Folder that keeps the similarities; None computes them anew.
            legacy: See :class:`fdemd.scoring.ground_truth.GroundTruth`.
            seed: Seed of the bootstrap.
            metrics: Name of each figure -> how it is computed.
            on_progress: To be told the number of pairs just computed.

        Raises:
            InputError: The network has no such patches as a method wants.
        """
        self._data, self._methods, self._cache = data, methods, cache
        self._rows, self._missed = rows, missed
        self._legacy, self._seed, self._metrics = legacy, seed, metrics
        gallery, labels = data.gallery()
        different = dict.fromkeys(method.settings for method in methods)
        rerankers = {settings: build_reranker(settings, data.backbone) for settings in different}
        self._stages = {
            each: SecondStage(rerankers[each.settings], build_alpha(each.alpha, each.settings, data.backbone), each.k)
            for each in methods
        }
        self._search = TwoStageSearch(
            gallery,
            labels,
            list(self._stages.values()),
            backbone=data.backbone,
            copies=data.copies,  # whose similarities are not kept
            compact=data.compact,
            on_progress=on_progress,
        )

    def outcomes(self, kind: str, protocols: Sequence[str]) -> list[Outcome]:
        """Return those of stage 1, of the best possible, and of every method.

        Where stage 1 normalizes cosines, that of the plain cosine comes before it.

        Args:
            kind: Kind of query.
            protocols: Names, see :mod:`fdemd.retrieval.protocol`.
        """
        return [each for truth, found in self.searches(kind, protocols) for each in self._outcomes(kind, truth, found)]

    def searches(self, kind: str, protocols: Sequence[str]) -> Iterator[tuple[GroundTruth, SearchResult]]:
        """Yield what the queries of one kind found under each protocol, and which answers are right."""
        query, labels = self._data.query(kind, self._rows)
        missed, search = self._data.missed(kind, self._missed), self._search
        adjust = self._data.adjustment(query, search.gallery)
        store_of = partial(self._data.similarity_store, self._cache, kind, rows=self._rows)
        queries = search.queries(query, labels, adjust=adjust, store_of=store_of)
        for protocol in queries.protocols(protocols):
            truth = GroundTruth(labels, missed, search.labels, protocol, self._legacy, self._seed, self._metrics)
            yield truth, queries.rank(protocol, truth.most_relevant, seed=self._seed)

    def stage(self, method: Method) -> SecondStage:
        """Return the second stage that a method is."""
        return self._stages[method]

    def _outcomes(self, kind: str, truth: GroundTruth, found: SearchResult) -> list[Outcome]:
        def outcome(facts: dict[str, Any], values: Values, **measured: Any) -> Outcome:
            counts = {"queries": truth.queries, "missed": truth.failed, "lone": truth.lone, "seconds": None}
            return Outcome(kind, truth.protocol, facts, truth.figures(values), truth=truth, **counts | measured)

        def ranked(facts: dict[str, Any], ranking: Ranking, before: Values | None = None, **measured: Any) -> Outcome:
            hits = truth.hits(ranking)
            values = truth.values(hits)
            gains = truth.gains(values, before) if before else None
            return outcome(facts, values, ranks=first_hits(hits), gains=gains, **measured)

        hits = truth.hits(found.first)
        before = truth.values(hits)
        outcomes = [ranked(_named(COSINE), found.cosine)] if found.cosine is not None else []
        outcomes.append(ranked(_named(STAGE_1), found.first))
        shortlists = sorted({method.k for method in self._methods if method.k})
        outcomes += [outcome(_named(BEST_POSSIBLE, k=k), truth.values(best_possible(hits, k))) for k in shortlists]
        for method, stage in self._stages.items():
            facts, seconds = method_facts(method, self._search.gallery.grid), found.seconds(stage)
            outcomes.append(ranked(facts, found.second(stage), before, seconds=seconds))
        return outcomes


def method_facts(method: Method, grid: tuple[int, int]) -> dict[str, Any]:
    """Return what names a method, as columns of a table.

    Args:
        method: The method.
        grid: The network's own grid of patches.

    Example:
        >>> from fdemd.settings.ranking import EmdRerank
        >>> method_facts(Method(EmdRerank(grid=(4, 4)), alpha=0.7, k=100), grid=(8, 8))["grid"]
        '4x4'
    """
    settings = method.settings
    if isinstance(settings, EmdRerank):
        rows, columns = settings.grid or grid
        weighting = f"{settings.weighting}, visible {settings.visible}" if settings.sees_covers else settings.weighting
        what = {"weighting": weighting, "patches": settings.patches, "grid": f"{rows}x{columns}"}
    else:
        words = " ".join(f"{name} {value}" for name, value in settings.options.items())
        what = {"weighting": words or "-", "patches": "", "grid": ""}
    return {"method": settings.method, **what, "alpha": method.alpha, "k": method.k or WHOLE_GALLERY}


def _named(method: str, **facts: Any) -> dict[str, Any]:
    """The columns that name a method, for one without settings."""
    return {"method": method, "weighting": "", "patches": "", "grid": "", "alpha": "", "k": "", **facts}
