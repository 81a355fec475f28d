"""How ``alpha=calibrated`` does beside fixed alphas and ``auto``, on queries of several kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fdemd.embedding.data import EmbeddedData
from fdemd.features import Features
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.report.cells import rounded
from fdemd.repro.trust_page import NEVER_SEEN, OTHER_DATA
from fdemd.retrieval.alpha import by_scores
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT
from fdemd.retrieval.ranking import Ranking
from fdemd.retrieval.search_result import SearchResult
from fdemd.retrieval.stage2 import reorder
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.scoring.study import StudyComparison
from fdemd.settings.methods import Method
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.trust import ALPHAS, FIGURES

MOST_LOST = 0.1
"""Loss of a figure, in points, up to which a row counts as unharmed."""
SMALLEST_GAIN = 1.0
"""Gain of the best fixed alpha in P@1, in points, from which the share that calibrated alphas keep is told."""

Row = dict[str, Any]
Rule = Callable[[str, Features], Tensor | None]
"""Kind and features of queries -> alpha of each; None where the rule does not know the kind."""
Measure = Callable[[float | Tensor], Mapping[str, float]]
"""Alpha -> P@1 and RP in percent."""


@torch.inference_mode()
def measure_kinds(
    data: EmbeddedData,
    kinds: Sequence[str],
    rules: Mapping[str, Rule],
    cache: Path | None,
    section: EmdRerank = EmdRerank(),  # noqa: B008 # frozen
) -> list[Row]:
    """Return a row a kind of query: figures of each way to choose alpha.

    Args:
        data: Queries and gallery.
        kinds: Kinds of query.
        rules: Name -> what chooses alpha; ``calibrated`` among them. Each stands beside fixed alphas and ``auto``.
        cache: Folder that keeps the similarities; None computes them anew.
        section: The second stage.
    """
    method = Method(section, section.alpha, section.k)
    search = searches_of(data, [method], cache)
    rows = []
    for kind in kinds:
        ((truth, found),) = search(kind)
        (stage,) = found.stages
        similarity = found.similarity(stage).values[:, : section.k]
        cosine = found.first.scores[:, : section.k]

        def measure(
            alpha: float | Tensor, truth: Any = truth, first: Any = found.first, similarity: Tensor = similarity
        ) -> dict[str, float]:
            return figures_of(truth, reorder(first, similarity, alpha))

        alphas = {"auto": by_scores(found.query, cosine, similarity)}
        alphas |= {name: chosen for name, rule in rules.items() if (chosen := rule(kind, found.query)) is not None}
        row = {"query": kind, "queries": truth.queries, "missed": truth.failed}
        rows.append(row | compare_alphas(measure, alphas))
    return rows


def searches_of(
    data: EmbeddedData, methods: Sequence[Method], cache: Path | None
) -> Callable[[str], Iterable[tuple[GroundTruth, SearchResult]]]:
    """Return what gives the right answers and the findings of queries of one kind, leave-twin-out.

    Args:
        data: Queries and gallery.
        methods: Second stages.
        cache: Folder that keeps the similarities; None computes them anew.
    """
    metrics, faces = {name: IDENTIFICATION[name] for name in FIGURES}, data.faces
    comparison = StudyComparison(
        data, methods, rows=faces.query_rows, missed=faces.missed_rows, cache=cache, metrics=metrics
    )
    return lambda kind: comparison.searches(kind, [LEAVE_TWIN_OUT])


def figures_of(truth: GroundTruth, ranking: Ranking) -> dict[str, float]:
    """Return P@1 and RP of a ranking in percent, rounded as reports show them.

    Args:
        truth: Which answers are right.
        ranking: The ranking.
    """
    values = truth.values(truth.hits(ranking))
    return {name: float(rounded(float(each.double().mean())) or 0.0) for name, each in values.items()}


def compare_alphas(measure: Measure, rules: Mapping[str, Tensor]) -> Row:
    """Return the figures of each way to choose alpha, in percent, and how the calibrated one stands to the best.

    Args:
        measure: Gives figures of some queries.
        rules: Name of a rule -> its alphas ``(Q,)``; ``calibrated`` among them.
    """
    fixed = {alpha: measure(alpha) for alpha in ALPHAS}
    best = max(fixed, key=lambda alpha: fixed[alpha]["P@1"])
    found = {"stage 1": fixed[0.0], "alpha 0.7": fixed[0.7]}
    found |= {name: measure(alphas) for name, alphas in rules.items()} | {"best fixed": fixed[best]}
    gain = found["best fixed"]["P@1"] - found["stage 1"]["P@1"]
    kept = found["calibrated"]["P@1"] - found["stage 1"]["P@1"]
    return {
        "figures": {name: dict(each) for name, each in found.items()},
        "best alpha": best,
        "mean alpha": round(float(rules["calibrated"].mean()), 4),
        "share of the best gain": round(100 * kept / gain) if gain >= SMALLEST_GAIN else None,
    }


def goal_counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the rows in which calibrated alphas do no harm, and those with most of what the best fixed alpha gains.

    Args:
        rows: As :func:`measure_kinds` gives them.
    """

    def harmless(rule: str) -> int:
        return sum(
            all(row["figures"][rule][name] >= row["figures"]["stage 1"][name] - MOST_LOST for name in FIGURES)
            for row in rows
            if rule in row["figures"]
        )

    shares = [row["share of the best gain"] for row in rows if row["share of the best gain"] is not None]
    return {
        "rows": len(rows),
        "within 0.1 point of stage 1 or above": harmless("calibrated"),
        "so with auto": harmless("auto"),
        "rows with a gain of 1 point": len(shares),
        "at least 90 % of it": sum(share >= 90 for share in shares),
        "rows of covers left out": sum(NEVER_SEEN in row["figures"] for row in rows),
        "so without the cover": harmless(NEVER_SEEN),
        "so by the other data": harmless(OTHER_DATA),
    }
