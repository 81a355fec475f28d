"""The tables of a study: figures, the gain over stage 1, and the paper's figures where it has them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from fdemd.data.evaluated import EvaluatedData
from fdemd.metrics.intervals import Estimate
from fdemd.report.study_point import PointResult, point_label
from fdemd.report.study_tables import point_tables, row_cells
from fdemd.scoring.study import Outcome
from fdemd.settings.jobs import Evaluate

NO_SETTINGS = {"weighting": "", "patches": "", "grid": "", "alpha": "", "k": ""}
EMD = {"method": "emd", "weighting": "apc", "patches": "raw", "grid": "8x8", "alpha": 0.7, "k": 100}
FIGURES = {"P@1": Estimate(0.765, 0.67, 1.0), "RP": Estimate(0.5, 0.4, 0.6)}
GAINS = {"P@1": Estimate(0.05, -0.01, 0.1), "RP": Estimate(0.0, 0.0, 0.0)}


@pytest.fixture
def point(evaluation: Callable[..., Evaluate], data: EvaluatedData) -> PointResult:
    def outcome(facts: dict[str, Any], **measured: Any) -> Outcome:
        return Outcome("mask", "official", facts, FIGURES, 3, 1, 1, **{"seconds": None} | measured)

    outcomes = [outcome({"method": "stage 1", **NO_SETTINGS}), outcome(EMD, seconds=1.234, gains=GAINS)]
    rows = torch.arange(3), torch.tensor([3])
    return PointResult(evaluation("experiment=ood"), data, *rows, outcomes, "f" * 64, {"rank_and_rerank": 1.234})


def test_rows_have_intervals_and_gains_in_percent(point: PointResult) -> None:
    first, emd = point.rows(with_normalization=False)
    assert (first["model"], first["data"], first["P@1"], first["P@1 gain"]) == ("dlib", "orl", 76.5, None)
    assert (emd["P@1 gain"], emd["P@1 gain low"], emd["P@1 gain high"]) == (5.0, -1.0, 10.0)
    assert (emd["queries"], emd["missed"], emd["lone"], emd["seconds"]) == (3, 1, 1, 1.23)
    assert "align" in point.rows(with_normalization=True)[0]


def test_the_printed_table_has_the_gain_of_each_method(point: PointResult) -> None:
    (table,) = point_tables(point, point.rows(with_normalization=False), set())
    assert table.title.startswith("dlib on orl, protocol official: ")
    assert table.cells[0] == {
        "query": "mask", "method": "stage 1", "P@1": "76.5 (67.0-100)", "gain": "", "RP": "50.0", "s": "",
    }  # fmt: skip
    assert table.cells[1]["gain"] == "+5.0 (-1.0, 10.0)"
    assert table.cells[1]["s"] == "1.2"
    assert "4 of 4 queries a kind, 4 in the gallery" in " ".join(table.notes)


def test_the_papers_figure_stands_beside_ours(point: PointResult) -> None:
    row = point.rows(with_normalization=False)[1]
    known = row_cells(row | {"paper P@1": 80.0, "difference P@1": -3.5}, [], ["P@1", "RP"])
    assert known["paper P@1"] == "80.0 (-3.5)"
    assert row_cells(row | {"paper P@1": None, "difference P@1": None}, [], ["P@1"])["paper P@1"] == ""


def test_a_point_tells_what_decided_its_figures(point: PointResult) -> None:
    facts = point.facts()
    assert (facts["queries_a_kind"], facts["of"], facts["no_face_found"]) == (4, 4, 1)
    assert facts["seconds"] == {"rank_and_rerank": 1.23}
    assert point.label == point_label(point.settings) == "dlib_orl"
    assert point.left_out() == [("3.png", "no face found", "none")]
