"""What an explanation of a pair leaves behind."""

import csv
import json
from pathlib import Path

import pytest
import torch

from fdemd.report.explanation import print_explanation, write_explanation
from fdemd.scoring.explanation import Explanation
from fdemd.settings.ranking import EmdRerank

RERANK = EmdRerank(
    method="emd", alpha=0.7, k=100, weighting="apc", eps=0.05, stop="converged", tolerance=3e-4, patches="raw",
    grid=None, engine="auto",
)  # fmt: skip


@pytest.fixture
def explanation() -> Explanation:
    flow = torch.diag(torch.tensor([0.4, 0.3, 0.2, 0.1]))
    weights = torch.tensor([0.4, 0.3, 0.2, 0.1])
    return Explanation(0.5, 0.8, 0.71, (2, 2), flow, torch.full((4, 4), 0.8), weights, weights, False, False)


def test_every_patch_and_every_pair_is_in_a_file(explanation: Explanation, tmp_path: Path) -> None:
    write_explanation(tmp_path, explanation, RERANK, {"detector": "dlib"}, ["a note"])
    facts = json.loads((tmp_path / "explanation.json").read_text())
    assert facts["scores"] == {"cosine": 0.5, "emd": 0.8, "mixed": 0.71}
    assert (facts["detector"], facts["rerank"]["weighting"], facts["notes"]) == ("dlib", "apc", ["a note"])
    patches = list(csv.DictReader((tmp_path / "patches.csv").open()))
    assert [(row["face"], row["row"], row["column"]) for row in patches[2:5]] == [
        ("query", "2", "1"),
        ("query", "2", "2"),
        ("gallery", "1", "1"),
    ]
    matches = list(csv.DictReader((tmp_path / "matches.csv").open()))
    assert len(matches) == 16
    assert sum(float(row["contribution"]) for row in matches) == pytest.approx(0.8)


def test_the_strongest_matches_are_printed(explanation: Explanation, capsys: pytest.CaptureFixture[str]) -> None:
    print_explanation(explanation, RERANK, "a and b", ["a note"])
    printed = capsys.readouterr().out
    assert "a and b" in printed and "cosine 0.5000, Earth Mover's similarity 0.8000" in printed
    assert "1,1" in printed and "0.40000" in printed and "a note" in printed
