"""The files of an open set."""

import json
from collections.abc import Callable
from pathlib import Path

import torch

from fdemd.data.evaluated import EvaluatedData
from fdemd.report.open_set import OpenSetReport, SearchedGallery
from fdemd.retrieval.ranking import Ranking
from fdemd.scoring.closed_set import STAGE_1
from fdemd.scoring.open_set import Searches, measure_open_set
from fdemd.settings.jobs import Evaluate


def searches(mean: float) -> Searches:
    rows = torch.arange(20) % 8
    ranking = Ranking(torch.zeros(20, 1, dtype=torch.long), torch.full((20, 1), mean))
    scores = {STAGE_1: torch.linspace(mean - 1, mean + 1, 20).double()}
    return Searches(scores, rows, 0, 0, 0, rows, {STAGE_1: ranking}, {STAGE_1: torch.ones(20, 1, dtype=torch.bool)})


def test_a_run_leaves_tables_searches_curves_and_one_page(
    evaluation: Callable[..., Evaluate], data: EvaluatedData, tmp_path: Path
) -> None:
    settings = evaluation("experiment=open_set", "rerank=none")
    result = measure_open_set("mask", "official", searches(1), searches(0), 0, {STAGE_1: [0.5, None, None]}, seed=0)
    gallery = SearchedGallery(torch.tensor([4, 5]), 1, (8, 8), frozenset({"bob"}))
    report = OpenSetReport(settings, data, [result], gallery, "f" * 64, {"mask": "computed"}, {"rank_and_rerank": 1.0})
    report.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("results.md", "results.csv", "results.json", "config.yaml", "left_out.csv", "queries.csv"),
        *("det.png", "det.svg", "report.html"),
    }
    facts = json.loads((tmp_path / "results.json").read_text())
    assert facts["open_set"]["people_outside"] == ["bob"]
    assert (facts["open_set"]["gallery_faces"], facts["open_set"]["rank"]) == (2, 1)
    assert facts["open_set"]["searches_needed"]["0.1"] <= 20
    assert facts["rerank"] is None
    assert len(facts["results"]) == 1
