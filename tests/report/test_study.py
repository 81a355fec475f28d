"""The files of a study of two networks."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from fdemd.data.evaluated import EvaluatedData
from fdemd.metrics.intervals import Estimate
from fdemd.report.study import StudyReport
from fdemd.report.study_point import PointResult
from fdemd.retrieval.protocol import OFFICIAL, Labels
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.scoring.study import Outcome
from fdemd.settings.jobs import Evaluate


def test_each_point_has_its_figure_and_queries(
    evaluation: Callable[..., Evaluate], data: EvaluatedData, labels: dict[str, Labels], tmp_path: Path
) -> None:
    truth = GroundTruth(labels["query"], labels["missed"], labels["gallery"], OFFICIAL)
    facts: dict[str, Any] = {"method": "stage 1", "weighting": "", "patches": "", "grid": "", "alpha": "", "k": ""}
    figures = {"P@1": Estimate(0.5, 0.4, 0.6)}
    outcome = Outcome("mask", OFFICIAL, facts, figures, 3, 1, 1, None, ranks=torch.tensor([3, 1, 0]), truth=truth)
    settings = evaluation("experiment=ood", "study.title=Two")
    rows = data.query_rows, data.missed_rows
    point = PointResult(settings, data, *rows, [outcome], "f" * 64, {"rank_and_rerank": 1.0})
    other = replace(point, settings=evaluation("experiment=ood", "model=facenet"))
    StudyReport(settings, [point, other], tmp_path).write()
    assert {path.name for path in tmp_path.iterdir()} == {
        *("results.md", "results.csv", "results.json", "config.yaml", "left_out.csv", "report.html"),
        *("figure_1_dlib_orl.png", "figure_1_dlib_orl.svg", "figure_2_facenet_orl.png", "figure_2_facenet_orl.svg"),
        *("queries_1_dlib_orl.csv", "queries_2_facenet_orl.csv"),
    }
    facts = json.loads((tmp_path / "results.json").read_text())
    assert facts["data"] == {"name": "orl"} and facts["patch_precision"] == "float16"
    assert [each["model"] for each in facts["points"]] == ["dlib", "facenet"]
    assert [row["model"] for row in facts["results"]] == ["dlib", "facenet"]
    text = (tmp_path / "results.md").read_text()
    assert text.count("Mean in percent") == text.count("8 photographs") == 1, "what holds for both is said once"


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (["rerank.eps=0.1"], "Patches in float16, eps 0.1, stop converged to 0.0003, seed 0. s: "),
        (["rerank=k_reciprocal"], "Patches in float16, eps 0.05, stop converged to 0.0003, seed 0. s: "),
        (
            ["study.methods=[{method: emd, eps: [0.02, 0.05], stop: official}]"],
            "Patches in float16, eps 0.02, 0.05, stop official, seed 0. s: ",
        ),
        (["study.methods=[{method: k_reciprocal}]", "seed=3"], "Seed 3. s: "),
    ],
)
def test_the_transports_that_were_computed_are_told(
    evaluation: Callable[..., Evaluate], data: EvaluatedData, tmp_path: Path, words: list[str], note: str
) -> None:
    settings = evaluation("experiment=ood", "query=[clean]", *words)
    figures = {"P@1": Estimate(0.5, 0.4, 0.6)}
    facts = {"method": "stage 1", "weighting": "", "patches": "", "grid": "", "alpha": "", "k": ""}
    outcome = Outcome("clean", OFFICIAL, facts, figures, 3, 1, 1, None)
    rows = data.query_rows, data.missed_rows
    point = PointResult(settings, data, *rows, [outcome], "f" * 64, {"rank_and_rerank": 1.0})
    assert StudyReport(settings, [point], tmp_path)._notes()[0].startswith(note)
