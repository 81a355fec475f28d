"""What several seeds leave behind."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fdemd.data.evaluated import EvaluatedData
from fdemd.report.trials import TrialsReport
from fdemd.scoring.closed_set import Comparison
from fdemd.scoring.trial import PRETRAINED, Trial
from fdemd.settings.jobs import Evaluate
from tests.report.rejections import rejection

APART = {"photographs": 12, "to_train_on": 4, "to_test": 8, "in_neither_part": 0}


@pytest.fixture
def trial(data: EvaluatedData, compared: Callable[..., list[Comparison]]) -> Callable[[int, Path], Trial]:
    def made(seed: int, folder: Path) -> Trial:
        trial = Trial(seed, apart=APART, accounts={PRETRAINED: data.account})
        trial.compared.update({PRETRAINED: compared(), "plain": compared()})
        trial.rejections["scales"] = rejection()
        trial.checkpoints["plain"] = str(folder / f"seed_{seed}" / "last.ckpt")
        trial.leave_out([("3.png", "no face found", "none")])
        return trial

    return made


def test_tables_curves_and_one_page(
    evaluation: Callable[..., Evaluate], trial: Callable[[int, Path], Trial], tmp_path: Path
) -> None:
    settings = evaluation("experiment=seeds", "trials.seeds=[0,1]")
    TrialsReport(settings, [trial(seed, tmp_path) for seed in (0, 1)]).write(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"results.md", "results.csv", "rejection.csv", "curves.json", "report.html", "comparison.svg"}
    assert names >= {"rejection_scales.png", "left_out.csv", "config.yaml"}
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    assert [(row["weights"], row["stage"]) for row in rows] == [
        (weights, stage) for weights in (PRETRAINED, "plain") for stage in ("stage 1", "stage 2")
    ]
    assert float(rows[0]["gain"]) == 0.0 and float(rows[1]["gain"]) > 0
    assert rows[0]["P@1, seed 0"] == rows[0]["P@1, seed 1"] == rows[0]["P@1"]
    facts = json.loads((tmp_path / "results.json").read_text())
    assert facts["people_apart"]["1"] == APART
    assert facts["checkpoints"]["1"] == {"plain": "seed_1/last.ckpt"}
    text = (tmp_path / "results.md").read_text()
    assert "Seed 0: 12 photographs: 4 to train on, 8 to test" in text
    assert text.count("1 files were not used") == 1


def test_without_a_comparison_there_are_rejections_alone(evaluation: Callable[..., Evaluate], tmp_path: Path) -> None:
    trial = Trial(0, apart=APART, rejections={"scales": rejection()})
    report = TrialsReport(evaluation("experiment=rejection", "trials.seeds=[0]"), [trial])
    report.write(tmp_path)
    assert report.rows() == []
    assert not (tmp_path / "results.csv").exists() and (tmp_path / "rejection.csv").exists()
    assert "One seed, 0, which draws" in (tmp_path / "report.html").read_text()
