"""Every query of a study is a line with the place of its person by every method."""

import csv
from pathlib import Path
from typing import Any

import torch

from fdemd.data.evaluated import EvaluatedData
from fdemd.metrics.intervals import Estimate
from fdemd.report.study_queries import method_labels, write_study_queries
from fdemd.retrieval.protocol import OFFICIAL, Labels
from fdemd.scoring.ground_truth import GroundTruth
from fdemd.scoring.study import Outcome

STAGE_1 = {"method": "stage 1", "weighting": "", "patches": "", "grid": "", "alpha": "", "k": ""}
EMD = {"method": "emd", "weighting": "apc", "patches": "raw", "grid": "8x8", "alpha": 0.7, "k": 100}


def test_methods_stand_beside_each_other(data: EvaluatedData, labels: dict[str, Labels], tmp_path: Path) -> None:
    truth = GroundTruth(labels["query"], labels["missed"], labels["gallery"], OFFICIAL)

    def outcome(facts: dict[str, Any], ranks: list[int] | None) -> Outcome:
        figures = {"P@1": Estimate(0.5, 0.4, 0.6)}
        of_queries = None if ranks is None else torch.tensor(ranks)
        return Outcome("mask", OFFICIAL, facts, figures, 3, 1, 1, None, ranks=of_queries, truth=truth)

    outcomes = [outcome(STAGE_1, [3, 1, 0]), outcome(STAGE_1 | {"method": "maximum"}, None), outcome(EMD, [1, 2, 0])]
    write_study_queries(tmp_path / "queries.csv", data.manifest, data.query_rows, data.missed_rows, outcomes)
    lines = list(csv.DictReader((tmp_path / "queries.csv").open()))
    assert [(line["path"], line["problem"], line["stage 1 rank"], line["emd rank"]) for line in lines] == [
        ("0.png", "", "3", "1"),
        ("1.png", "", "1", "2"),
        ("2.png", "lone", "", ""),
        ("3.png", "no face found", "", ""),
    ]


def test_methods_that_look_the_same_are_numbered() -> None:
    assert method_labels([STAGE_1, EMD, EMD]) == ["stage 1", "emd (1)", "emd (2)"]
    assert method_labels([EMD, EMD | {"alpha": 0.3}]) == ["emd alpha 0.7", "emd alpha 0.3"]
