"""Comparisons as rows, and rows as text: a rich table, Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from fdemd.identification import Comparison
from fdemd.metrics.identification import IDENTIFICATION
from fdemd.metrics.intervals import Estimate


def rows_of(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    """One flat row a protocol, query kind and stage; figures in percent with the ends of their 95 % intervals."""
    rows = []
    for comparison in comparisons:
        for stage, figures in comparison.figures.items():
            row: dict[str, Any] = {"protocol": comparison.protocol, "query": comparison.kind, "stage": stage}
            for name, estimate in figures.items():
                row[name], row[f"{name} low"], row[f"{name} high"] = (round(100 * value, 4) for value in estimate)
            rows.append(row | {"queries": comparison.queries, "missed": comparison.missed, "lone": comparison.lone})
    return rows


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def markdown_text(title: str, comparisons: Sequence[Comparison], notes: Sequence[str]) -> str:
    """Comparisons of one protocol as a Markdown table with its title above and its notes below."""
    header = ["query", "stage", *IDENTIFICATION, "queries"]
    lines = [f"### {title}", "", " | ".join(header).join(("| ", " |")), "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(cells) + " |" for cells in _cells(comparisons)]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])


def rich_table(title: str, comparisons: Sequence[Comparison], notes: Sequence[str]) -> Table:
    """Comparisons of one protocol as a table for the terminal."""
    table = Table(title=title, caption="\n".join(notes), caption_justify="left", title_justify="left")
    for column in ("query", "stage"):
        table.add_column(column)
    for column in (*IDENTIFICATION, "queries"):
        table.add_column(column, justify="right")
    for number, cells in enumerate(rows := _cells(comparisons)):
        last = number + 1 == len(rows) or rows[number + 1][0] != ""
        table.add_row(*cells, end_section=last)
    return table


def _cells(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """The table's text; kind and number of queries stand in the first row of each kind only."""
    rows = []
    for comparison in comparisons:
        for number, (stage, figures) in enumerate(comparison.figures.items()):
            first = number == 0
            shown = [_percent(figures[name]) for name in IDENTIFICATION]
            rows.append([comparison.kind if first else "", stage, *shown, str(comparison.queries) if first else ""])
    return rows


def _percent(estimate: Estimate) -> str:
    return f"{100 * estimate.mean:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
