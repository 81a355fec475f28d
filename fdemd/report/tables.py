"""Comparisons as rows, and rows as text: a rich table, Markdown and CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table

from fdemd.metrics.identification import IDENTIFICATION
from fdemd.metrics.intervals import Estimate
from fdemd.report.lines import framed
from fdemd.scoring.closed_set import GAIN, Comparison


def rows_of(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """One flat row a protocol, query kind and stage; figures in percent with the ends of their 95 % intervals."""
    rows = []
    for comparison in comparisons:
        for stage, figures in comparison.figures.items():
            row: dict[str, Any] = {"protocol": comparison.protocol, "query": comparison.kind, "stage": stage}
            for name, estimate in figures.items():
                row[name], row[f"{name} low"], row[f"{name} high"] = map(rounded, estimate)
            rows.append(row | {"queries": comparison.queries, "missed": comparison.missed, "lone": comparison.lone})
    return rows


def markdown_text(title: str, comparisons: Sequence[Comparison], notes: Sequence[str]) -> str:
    """Comparisons of one protocol as a Markdown table with its title above and its notes below."""
    header = ["query", "stage", *IDENTIFICATION]
    lines = [f"### {title}", "", "| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(cells) + " |" for comparison in comparisons for cells in _cells(comparison)]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])


def rich_table(title: str, comparisons: Sequence[Comparison], notes: Sequence[str]) -> Group:
    """Comparisons of one protocol as a table for the terminal."""
    table = Table(box=box.SIMPLE, padding=0, show_edge=False)  # fits 80 columns
    for column in ("query", "stage"):
        table.add_column(column, no_wrap=True)
    for column in IDENTIFICATION:
        table.add_column(column, justify="right", no_wrap=True)
    for comparison in comparisons:
        cells = _cells(comparison)
        for number, row in enumerate(cells):
            table.add_row(*row, end_section=number + 1 == len(cells))
    return framed(title, table, notes)


def _cells(comparison: Comparison) -> list[list[str]]:
    """A line of text a stage; the kind of query stands in the first only."""
    return [
        [
            comparison.kind if number == 0 else "",
            stage,
            *((difference if stage == GAIN else percent)(figures[name]) for name in IDENTIFICATION),
        ]
        for number, (stage, figures) in enumerate(comparison.figures.items())
    ]


def rounded(share: float) -> float | None:
    """Percent, None where there was no query to average over (JSON knows no NaN)."""
    return None if math.isnan(share) else round(100 * share, 4)


def method_label(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """A method of a study in words: its name, and its settings called ``names``."""
    known = [name for name in names if row[name] != ""]
    return " ".join(
        [row["method"], *(f"{name} {row[name]}" if name in ("alpha", "k") else row[name] for name in known)]
    )


def differing(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Those of the settings ``names`` that differ between the methods of some rows; stage 1 has none."""
    return [name for name in names if len({str(row[name]) for row in rows if row["weighting"]}) > 1]


def percent(estimate: Estimate) -> str:
    """A mean with its interval, as cells of tables have it."""
    if math.isnan(estimate.mean):
        return "no query"
    ends = "-".join("100" if value == 1 else f"{100 * value:.1f}" for value in (estimate.low, estimate.high))
    return f"{100 * estimate.mean:.1f} ({ends})"


def difference(estimate: Estimate) -> str:
    """A difference of two means in points, with its interval, whose ends may be negative."""
    if math.isnan(estimate.mean):
        return "no query"
    return f"{100 * estimate.mean:+.1f} ({100 * estimate.low:.1f}, {100 * estimate.high:.1f})"
