"""The same figures as CSV, Markdown and on the terminal."""

import csv
import io
from pathlib import Path

import pytest
import torch
from rich.console import Console

from fdemd.metrics.intervals import Estimate
from fdemd.report.tables import markdown_text, rich_table, rows_of
from fdemd.retrieval.ranking import Ranking
from fdemd.runs.files import write_csv
from fdemd.scoring.closed_set import GAIN, STAGE_1, STAGE_2, Comparison


@pytest.fixture
def comparison() -> Comparison:
    figures = {name: Estimate(0.7651, 0.67, 1.0) for name in ("P@1", "RP", "MAP@R")}
    gain = {name: Estimate(-0.1234, -0.201, -0.1) for name in ("P@1", "RP", "MAP@R")}
    ranking = Ranking(torch.tensor([[0]]), torch.tensor([[1.0]]))
    return Comparison(
        "mask",
        (8, 8),
        "official",
        {STAGE_1: figures, STAGE_2: figures, GAIN: gain},
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


def test_csv_reads_back(comparison: Comparison, tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", rows_of([comparison]))
    rows = list(csv.DictReader((tmp_path / "x.csv").open()))
    assert [row["stage"] for row in rows] == ["stage 1", "stage 2", "gain"]
    assert float(rows[0]["MAP@R"]) == 76.51


def test_markdown_names_its_protocol_and_its_notes(comparison: Comparison) -> None:
    text = markdown_text("dlib, protocol official", [comparison], ["400 queries"])
    assert text.splitlines()[0] == "### dlib, protocol official"
    assert "| mask | stage 1 | 76.5 (67.0-100) |" in text
    assert "|  | gain | -12.3 (-20.1, -10.0) |" in text
    assert "- 400 queries" in text


def test_the_terminal_table_fits_80_columns(comparison: Comparison) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rich_table("title", [comparison], ["note"]))
    text = console.export_text()
    assert text.count("76.5 (67.0-100)") == 6, "nothing is cut off"
    assert text.count("-12.3 (-20.1, -10.0)") == 3


def test_names_that_others_chose_are_no_commands_to_the_terminal(comparison: Comparison) -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rich_table("on \x1b[2Jfaces", [comparison], ["note of \x1b]0;x\x07"]))
    text = console.export_text()
    assert r"on \x1b[2Jfaces" in text and r"note of \x1b]0;x\x07" in text
