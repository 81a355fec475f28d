"""Queries and their best five, before and after re-ranking, as text."""

import csv
from pathlib import Path

import pytest
import torch

from fdemd.data.manifest import Manifest, Photograph
from fdemd.report.ranked import COLUMNS, log_ranked, ranked_rows
from fdemd.retrieval.ranking import NOBODY, Ranking
from tests.runs.conftest import RunLogs


@pytest.fixture
def manifest() -> Manifest:
    """Rows 0 to 5 are of anna, bob, carl, anna, bob, carl."""
    return Manifest(Path(), tuple(Photograph(f"{n}.png", ("anna", "bob", "carl")[n % 3], f"{n}.png") for n in range(6)))


@pytest.fixture
def rows(manifest: Manifest) -> list[list[str]]:
    """One query, row 0, in a gallery of rows 3, 4 and 5; re-ranking moves the right one to the front."""
    stages = {
        "stage 1": Ranking(torch.tensor([[1, 0, 2, NOBODY]]), torch.tensor([[0.9, 0.8, 0.1, 0.0]])),
        "stage 2": Ranking(torch.tensor([[0, 1, 2, NOBODY]]), torch.tensor([[0.7, 0.5, 0.1, 0.0]])),
    }
    return ranked_rows("mask", stages, manifest, torch.tensor([0]), torch.tensor([3, 4, 5]))


def test_both_stages_stand_below_each_other(rows: list[list[str]]) -> None:
    assert rows == [
        ["mask", "0.png", "anna", "stage 1", "bob wrong 0.900", "anna right 0.800", "carl wrong 0.100", "", ""],
        ["mask", "0.png", "anna", "stage 2", "anna right 0.700", "bob wrong 0.500", "carl wrong 0.100", "", ""],
    ]
    assert len(COLUMNS) == len(rows[0])


def test_the_queries_shown_are_spread_and_always_the_same(manifest: Manifest) -> None:
    ranking = Ranking(torch.zeros(6, 1, dtype=torch.long), torch.ones(6, 1))
    arguments = ("clean", {"stage 1": ranking}, manifest, torch.arange(6), torch.tensor([0]))
    shown = [row[1] for row in ranked_rows(*arguments, queries=3)]
    assert shown == [row[1] for row in ranked_rows(*arguments, queries=3)]
    assert (shown[0], shown[-1], len(set(shown))) == ("0.png", "5.png", 3)
    assert len(ranked_rows(*arguments, queries=8)) == 6


def test_every_validation_is_added_to_the_file_and_logged(
    rows: list[list[str]], run_log: RunLogs, offline_runs, tmp_path: Path
) -> None:
    with run_log(tmp_path, "train", offline=True) as log:
        for step in (50, 100):
            log_ranked(log, rows, step)
    written = list(csv.DictReader((tmp_path / "ranked.csv").open()))
    assert [row["step"] for row in written] == ["50", "50", "100", "100"]
    assert written[1]["1"] == "anna right 0.700"
    (run,) = offline_runs(tmp_path)
    assert run.summary["validation/ranked/nrows"] == 2
    assert [line["trainer/global_step"] for line in run.history] == [50, 100]
