"""Every search of an open set is a line, those outside the gallery once a kind."""

import csv
from pathlib import Path

import torch

from fdemd.data.manifest import Manifest
from fdemd.report.searches import write_searches
from fdemd.retrieval.ranking import Ranking
from fdemd.scoring.closed_set import STAGE_1
from fdemd.scoring.open_set import OpenSet, Searches


def searches(pictures: list[int], right: bool, missed: int) -> Searches:
    found = len(pictures) - missed
    ranking = Ranking(torch.zeros(found, 1, dtype=torch.long), torch.full((found, 1), 0.5))
    scores = {STAGE_1: torch.zeros(len(pictures)).double()}
    hits = {STAGE_1: torch.full((found, 1), right)}
    rows = torch.tensor(pictures)
    return Searches(scores, rows, missed, 0, 0, rows, {STAGE_1: ranking}, hits)


def test_searches_inside_and_outside(manifest: Manifest, tmp_path: Path) -> None:
    mated, nonmated = searches([0, -1 - 3], right=True, missed=1), searches([2], right=False, missed=0)
    results = [OpenSet("mask", protocol, mated, nonmated, 0, {}) for protocol in ("leave-twin-out", "official")]
    write_searches(tmp_path / "queries.csv", manifest, torch.tensor([4, 6]), results)
    lines = list(csv.DictReader((tmp_path / "queries.csv").open()))
    assert [(line["protocol"], line["path"], line["in the gallery"], line["problem"]) for line in lines] == [
        ("leave-twin-out", "0.png", "yes", ""),
        ("leave-twin-out", "3.png", "yes", "no face found"),
        ("official", "0.png", "yes", ""),
        ("official", "3.png", "yes", "no face found"),
        ("", "2.png", "no", ""),
    ]
    assert (lines[0]["stage 1 rank"], lines[0]["stage 1 name 1"], lines[-1]["stage 1 rank"]) == ("1", "anna", "")
