"""Error rates of an open set as rows for programs and as cells for readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fdemd.metrics.open_set import searches_needed
from fdemd.report.cells import figure_columns, interval_text
from fdemd.report.table import Cells
from fdemd.scoring.open_set import RATES, OpenSet

WORDS = ("query", "stage")
"""Columns of :func:`open_set_cells` that hold words."""


def open_set_rows(results: Sequence[OpenSet]) -> list[dict[str, Any]]:
    """Return one flat row a protocol, kind of query and stage.

    Rates are in percent with the ends of their intervals; thresholds (``T@FPIR``) are as the scores, None where there
    are too few non-mated searches for one.
    """
    return [_row(result, stage) for result in results for stage in result.errors]


def _row(result: OpenSet, stage: str) -> dict[str, Any]:
    row: dict[str, Any] = {"protocol": result.protocol, "query": result.kind, "stage": stage}
    for rate, point in zip(RATES, result.errors[stage].points, strict=True):
        row[f"T@{rate:g}"] = point and point.threshold
        row |= figure_columns(f"FNIR@{rate:g}", point and point.fnir)
        row |= figure_columns(f"FPIR@{rate:g}", point and point.fpir)
    row |= {"mated": len(result.mated), "mated people": result.mated.people, "mated missed": result.mated.missed}
    row |= {"non-mated": len(result.nonmated), "non-mated people": result.nonmated.people}
    return row | {"non-mated missed": result.nonmated.missed, "lone": result.lone}


def open_set_cells(results: Sequence[OpenSet]) -> Iterator[Cells]:
    """Yield the lines of a table: by FPIR, then as the rows; one line for an FPIR that has no threshold."""
    rows = open_set_rows(results)
    for rate in RATES:
        target, fnir, fpir = f"{100 * rate:g} %", f"FNIR@{rate:g}", f"FPIR@{rate:g}"
        if rows[0][f"T@{rate:g}"] is None:
            need = f"needs {searches_needed(rate)} non-mated searches"
            yield {"at FPIR": target, "query": "-", "stage": "-", "T": "-", "FNIR": need, "FPIR met": "-"}
            continue
        for row in rows:
            yield {
                "at FPIR": target,
                "query": row["query"],
                "stage": row["stage"],
                "T": f"{row[f'T@{rate:g}']:.4f}",
                "FNIR": interval_text(row[fnir], row[f"{fnir} low"], row[f"{fnir} high"]),
                "FPIR met": interval_text(row[fpir], row[f"{fpir} low"], row[f"{fpir} high"], digits=2),
            }
