"""The tables, notes and files of an identification."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fdemd.backbones.convnet import RANDOM
from fdemd.data.evaluated import EvaluatedData
from fdemd.report.identification import IdentificationReport
from fdemd.scoring.closed_set import Comparison
from fdemd.scoring.pictured import PicturedQuery, RankedFace
from fdemd.settings.jobs import Evaluate

FACE = np.zeros((8, 8, 3), np.uint8)


@pytest.fixture
def report(
    evaluation: Callable[..., Evaluate], data: EvaluatedData, compared: Callable[..., list[Comparison]]
) -> Callable[..., IdentificationReport]:
    def made(*words: str, weights: str = "f" * 64, missing_engine: str = "") -> IdentificationReport:
        settings = evaluation(*words)
        comparisons = compared(rerank=settings.rerank.method != "none")
        pictured = [PicturedQuery("mask", FACE, "anna", [RankedFace(FACE, "anna", True)], [], (2, 2))]
        seconds, origins = {"prepare_and_embed": 1.234}, {"mask": "computed"}
        return IdentificationReport(settings, data, comparisons, pictured, weights, origins, seconds, missing_engine)

    return made


def test_a_run_leaves_its_tables_figures_queries_and_picture(
    report: Callable[..., IdentificationReport], tmp_path: Path
) -> None:
    report("rerank.k=4").write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("results.md", "results.csv", "results.json", "config.yaml", "queries.csv", "left_out.csv", "picture.png"),
    }
    facts = json.loads((tmp_path / "results.json").read_text())
    assert facts["rerank"]["weighting"] == "apc" and facts["rerank"]["engine"]
    assert facts["data"]["no_face_found"] == 1
    assert facts["seconds"] == {"prepare_and_embed": 1.23}
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    assert [row["stage"] for row in rows] == ["stage 1", "stage 2", "gain", "maximum"]
    assert all(" " not in key for key in facts)


def test_notes_say_how_figures_came_about(report: Callable[..., IdentificationReport]) -> None:
    (table,) = report("rerank.alpha=0.3").tables()
    text = " ".join(table.notes)
    assert table.title.startswith("dlib on orl, protocol official: ")
    assert "alpha 0.3, k 4, eps 0.05, stop converged to 0.0003, engine" in text
    assert "3 of 4 queries are averaged, 1 of them without a face found (a miss); 1 are lone" in text
    (table,) = report("rerank=none").tables()
    assert "Stage 2" not in " ".join(table.notes) and [line["stage"] for line in table.cells] == ["stage 1"]


def test_what_is_unusual_is_said(report: Callable[..., IdentificationReport]) -> None:
    made = report("legacy_self_count=true", weights=RANDOM, missing_engine="it was not compiled")
    text = " ".join(made.tables()[0].notes)
    assert "untrained network" in text and "(legacy)" in text and "slower than it can be: it was not compiled" in text
