"""The table, notes and facts of a verification."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fdemd.data.evaluated import EvaluatedData
from fdemd.data.pairs import Pairs
from fdemd.report.verification import VerificationReport
from fdemd.scoring.pairs import evaluate_scores
from fdemd.settings.jobs import Evaluate


@pytest.fixture
def report(evaluation: Callable[..., Evaluate], data: EvaluatedData) -> VerificationReport:
    settings = evaluation("data=pairs", "data.pairs=pairs.txt", "data.root=faces")
    same = torch.tensor([True, False, True, False])
    pairs = Pairs(
        data.manifest, torch.tensor([0, 1, 3, 0]), torch.tensor([4, 5, 5, 6]), same, torch.tensor([0, 0, 1, 1])
    )
    failed = torch.tensor([False, False, True, False])
    scores = torch.tensor([0.9, 0.2, 0.0, 0.1])
    results = [evaluate_scores(name, scores, pairs, failed) for name in ("cosine", "0.7 EMD + 0.3 cosine")]
    left_out = [("3.png", "no face found", "none")]
    return VerificationReport(
        settings, pairs, failed, data.account, "a" * 64, left_out, results, (8, 8), "f" * 64, "computed", {"embed": 0.5}
    )


def test_failed_pairs_are_counted_and_listed(report: VerificationReport, tmp_path: Path) -> None:
    report.write(tmp_path)
    facts = json.loads((tmp_path / "results.json").read_text())
    assert facts["failed_pairs"] == [["3.png", "5.png"]]
    data = facts["data"]
    assert (data["pairs"], data["pairs_of_one_person"], data["folds"], data["failed_pairs"]) == (4, 2, 2, 1)
    assert facts["emd"]["weighting"] == "apc"
    assert {path.name for path in tmp_path.iterdir()} >= {"results.md", "results.csv", "roc.png", "left_out.csv"}
    text = (tmp_path / "results.md").read_text()
    assert "4 pairs, 2 of one person" in text
    assert "A FAR of 0.1 or 0.01 or 0.001 or 0.0001 allows less than one of the 2 pairs" in text
    assert "EMD: weighting apc, 8x8 patches in float16, eps 0.05" in text
    assert "| cosine | 50.00 |" in text
