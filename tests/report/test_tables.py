"""The same figures as CSV, Markdown and on the terminal."""

import csv
import io

import pytest
import torch
from rich.console import Console

from fdemd.identification import STAGE_1, STAGE_2, Comparison
from fdemd.metrics.intervals import Estimate
from fdemd.report.tables import csv_text, markdown_text, rich_table, rows_of
from fdemd.retrieval.ranking import Ranking


@pytest.fixture
def comparison() -> Comparison:
    figures = {name: Estimate(0.7651, 0.67, 1.0) for name in ("P@1", "RP", "MAP@R")}
    ranking = Ranking(torch.tensor([[0]]), torch.tensor([[1.0]]))
    return Comparison(
        "mask",
        (8, 8),
        "official",
        {STAGE_1: figures, STAGE_2: figures},
        400,
        2,
        1,
        0,
        0,
        0,
        stage1=ranking,
        stage2=None,
    )


def test_rows_are_in_percent_with_counts(comparison: Comparison) -> None:
    row = rows_of([comparison])[0]
    assert (row["protocol"], row["query"], row["stage"]) == ("official", "mask", "stage 1")
    assert (row["P@1"], row["P@1 low"], row["P@1 high"]) == (76.51, 67.0, 100.0)
    assert (row["queries"], row["missed"], row["lone"]) == (400, 2, 1)


def test_csv_reads_back(comparison: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(rows_of([comparison])))))
    assert [row["stage"] for row in rows] == ["stage 1", "stage 2"]
    assert float(rows[0]["MAP@R"]) == 76.51


def test_markdown_names_its_protocol_and_its_notes(comparison: Comparison) -> None:
    text = markdown_text("dlib, protocol official", [comparison], ["400 queries"])
    assert text.splitlines()[0] == "### dlib, protocol official"
    assert "| mask | stage 1 | 76.5 (67.0-100) |" in text
    assert "- 400 queries" in text


def test_the_terminal_table_fits_80_columns(comparison: Comparison) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rich_table("title", [comparison], ["note"]))
    text = console.export_text()
    assert text.count("76.5 (67.0-100)") == 6, "nothing is cut off"
