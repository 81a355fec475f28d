"""Comparisons of both stages as rows for programs and as cells for readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fdemd.data.accounting import Account, QueryCounts
from fdemd.metrics.intervals import Estimate
from fdemd.report.cells import difference, figure_columns, percent
from fdemd.report.table import Cells
from fdemd.scoring.closed_set import GAIN, Comparison

WORDS = ("query", "stage")
"""Columns of :func:`comparison_cells` that hold words."""


def comparison_rows(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Return one flat row a protocol, kind of query and stage; figures in percent with the ends of their intervals."""
    rows = []
    for comparison in comparisons:
        for stage, figures in comparison.figures.items():
            row: dict[str, Any] = {"protocol": comparison.protocol, "query": comparison.kind, "stage": stage}
            for name, estimate in figures.items():
                row |= figure_columns(name, estimate)
            rows.append(row | {"queries": comparison.queries, "missed": comparison.missed, "lone": comparison.lone})
    return rows


def comparison_cells(comparisons: Sequence[Comparison]) -> list[Cells]:
    """Return one line a kind of query and stage; the kind stands in the first line of its stages only."""
    return [
        {
            "query": "" if number else comparison.kind,
            "stage": stage,
            **{name: stage_text(stage, estimate) for name, estimate in figures.items()},
        }
        for comparison in comparisons
        for number, (stage, figures) in enumerate(comparison.figures.items())
    ]


def stage_text(stage: str, estimate: Estimate) -> str:
    """Return a figure of a stage, or the gain of stage 2 over stage 1, with its interval."""
    return difference(estimate) if stage == GAIN else percent(estimate)


def query_counts(comparison: Comparison, account: Account) -> QueryCounts:
    """Return what became of the queries of one kind under one protocol."""
    averaged = comparison.queries - comparison.missed
    return QueryCounts(account.asked, averaged, comparison.missed, comparison.lone)
