"""The tables of a study: a line a method and kind of query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdemd.data.accounting import QueryCounts, sentences_of_queries
from fdemd.report.cells import difference, figure_of, number, percent
from fdemd.report.methods import differing, method_label
from fdemd.report.normalization import normalization_note
from fdemd.report.notes import INTERVALS, MAXIMUM
from fdemd.report.protocols import protocol_title, tables_of
from fdemd.report.study_point import PointResult
from fdemd.report.table import Cells, Table, not_repeated
from fdemd.retrieval.protocol import LEAVE_ONE_OUT

Row = Mapping[str, Any]
_WORDS = ("query", "method")
_COLUMNS = (
    f"{INTERVALS} {MAXIMUM} gain: of the first figure over stage 1, of the same people in every draw; results.csv has "
    "those of the others."
)


def point_tables(point: PointResult, rows: Sequence[Row], known: set[str]) -> list[Table]:
    """Return one table a protocol.

    Args:
        point: What one network gave on one data set.
        rows: Its rows, with or without the paper's figures.
        known: Notes of earlier tables, which are not repeated; those of these tables are added.
    """
    tables, account, asked = [], point.data.account, point.settings.protocols
    figures = list(point.outcomes[0].figures)
    measured = list(dict.fromkeys(row["protocol"] for row in rows))
    photographs = (
        f"{account.sentence()} {point.queries} of {account.asked} queries a kind, {account.gallery.used} in the "
        "gallery."
    )
    shown = tables_of(measured, asked, account)
    for protocol in [each for each in measured if each in (*shown, LEAVE_ONE_OUT)]:
        chosen = [row for row in rows if row["protocol"] == protocol]
        notes = [
            _COLUMNS,
            photographs,
            *sentences_of_queries((row["query"], _counts(row, point.queries)) for row in chosen),
        ]
        notes += [normalization_note(point.normalization)] if point.normalization else []
        names = differing(chosen)
        title = f"{point.title}, {protocol_title(protocol, asked, account)}"
        tables.append(
            Table(title, [row_cells(row, names, figures) for row in chosen], _WORDS, not_repeated(notes, known))
        )
    return tables


def row_cells(row: Row, names: Sequence[str], figures: Sequence[str]) -> Cells:
    """Return one line of a table.

    Args:
        row: Row of a method and kind of query.
        names: Settings in which the methods of the table differ.
        figures: Figures, such as P@1; the first has its interval and its gain.
    """
    first, *others = figures
    cells = {"query": row["query"], "method": method_label(row, names)}
    cells[first] = percent(figure_of(row, first))
    gain = f"{first} gain"
    cells["gain"] = "" if row[gain] is None else difference(figure_of(row, gain))
    cells |= {name: number(row[name]) for name in others}
    cells["s"] = number(row["seconds"])
    if f"paper {first}" in row:
        paper, above = row[f"paper {first}"], row[f"difference {first}"]
        known = paper is not None and above is not None
        cells[f"paper {first}"] = f"{paper:.1f} ({above:+.1f})" if known else ""
    return cells


def _counts(row: Row, asked: int) -> QueryCounts:
    return QueryCounts(asked, row["queries"] - row["missed"], row["missed"], row["lone"])
