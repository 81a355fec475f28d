"""Every query is a line: who was looked for, and at which place."""

import csv
from collections.abc import Callable
from pathlib import Path

import torch

from fdemd.data.evaluated import EvaluatedData
from fdemd.report.queries import bytes_of_queries, ranking_cells, stage_columns, write_queries
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.scoring.closed_set import Comparison


def test_each_query_has_the_place_of_its_person_in_both_stages(
    data: EvaluatedData, compared: Callable[..., list[Comparison]], tmp_path: Path
) -> None:
    write_queries(tmp_path / "queries.csv", data, compared())
    anna, bob, carl, missed = csv.DictReader((tmp_path / "queries.csv").open())
    assert (anna["path"], anna["person"], anna["problem"]) == ("0.png", "anna", "")
    assert (anna["stage 1 rank"], anna["stage 1 name 1"]) == ("3", "bob")
    assert (anna["stage 2 rank"], anna["stage 2 name 1"]) == ("1", "anna")
    assert bob["stage 1 rank"] == bob["stage 2 rank"] == "1"
    assert (carl["problem"], carl["stage 1 rank"]) == ("lone", "")
    assert (missed["problem"], missed["stage 1 rank"], missed["stage 2 name 1"]) == ("no face found", "", "")


def test_without_a_second_stage_it_has_no_columns(
    data: EvaluatedData, compared: Callable[..., list[Comparison]], tmp_path: Path
) -> None:
    write_queries(tmp_path / "queries.csv", data, compared(rerank=False))
    assert "stage 2" not in (tmp_path / "queries.csv").read_text()


def test_places_without_anybody_stay_empty() -> None:
    ranking = Ranking(torch.tensor([[1, NOBODY]]), torch.tensor([[0.51239, 0.0]]))
    (cells,) = ranking_cells(ranking, torch.tensor([[False, False]]), ["anna", "bob"])
    assert cells[:5] == ["", "bob", 0.5124, "", ""]
    assert len(cells) == len(stage_columns(["stage 1"]))


def test_the_size_is_estimated_by_the_queries(data: EvaluatedData) -> None:
    assert bytes_of_queries(data.manifest, 2) == 2 * bytes_of_queries(data.manifest, 1) > 0
