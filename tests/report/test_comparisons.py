"""Comparisons as rows of CSV and as cells of a table."""

import csv
from pathlib import Path

import pytest
import torch

from fdemd.data.accounting import Account, Fates
from fdemd.metrics.intervals import Estimate
from fdemd.report.comparisons import comparison_cells, comparison_rows, query_counts
from fdemd.retrieval.ranking import Ranking
from fdemd.runs.files import write_csv
from fdemd.scoring.closed_set import GAIN, STAGE_1, STAGE_2, Comparison


@pytest.fixture
def comparison() -> Comparison:
    figures = {name: Estimate(0.7651, 0.67, 1.0) for name in ("P@1", "RP", "MAP@R")}
    gain = {name: Estimate(-0.1234, -0.201, -0.1) for name in ("P@1", "RP", "MAP@R")}
    stages = {STAGE_1: figures, STAGE_2: figures, GAIN: gain}
    ranking = Ranking(torch.tensor([[0]]), torch.tensor([[1.0]]))
    return Comparison("mask", (8, 8), "official", stages, 400, 2, 1, 0, 0, 0, stage1=ranking, stage2=None)


def test_rows_are_in_percent_with_counts(comparison: Comparison) -> None:
    row = comparison_rows([comparison])[0]
    assert (row["protocol"], row["query"], row["stage"]) == ("official", "mask", "stage 1")
    assert (row["P@1"], row["P@1 low"], row["P@1 high"]) == (76.51, 67.0, 100.0)
    assert (row["queries"], row["missed"], row["lone"]) == (400, 2, 1)


def test_csv_reads_back(comparison: Comparison, tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", comparison_rows([comparison]))
    rows = list(csv.DictReader((tmp_path / "x.csv").open()))
    assert [row["stage"] for row in rows] == ["stage 1", "stage 2", "gain"]
    assert float(rows[0]["MAP@R"]) == 76.51


def test_the_kind_of_query_stands_once_and_a_gain_has_its_sign(comparison: Comparison) -> None:
    cells = comparison_cells([comparison])
    assert [line["query"] for line in cells] == ["mask", "", ""]
    assert [line["P@1"] for line in cells] == ["76.5 (67.0-100)"] * 2 + ["-12.3 (-20.1, -10.0)"]


def test_each_query_is_in_one_count(comparison: Comparison) -> None:
    fates = Fates(rows=401, used=399, no_face=2, unreadable=0, aside=0)
    account = Account(fates, fates, fates, 40, 40, several=0, ignored=0, twins=0, copies=0, strangers=0)
    counts = query_counts(comparison, account)
    assert (counts.asked, counts.averaged, counts.missed, counts.lone) == (401, 398, 2, 1)
