"""Pretrained against finetuned weights."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fdemd.data.evaluated import EvaluatedData
from fdemd.metrics.intervals import Estimate
from fdemd.report.table4 import Table4
from fdemd.scoring.closed_set import Comparison
from fdemd.settings.jobs import Evaluate

DIVISION = {"photographs": 12, "to_train_on": 4, "to_test": 8, "in_neither_part": 0}


def with_share(comparisons: list[Comparison], share: float) -> list[Comparison]:
    """The comparisons with one share as every figure."""
    figure = Estimate(share, share, share)
    return [
        replace(each, figures={stage: dict.fromkeys(figures, figure) for stage, figures in each.figures.items()})
        for each in comparisons
    ]


@pytest.fixture
def table(
    evaluation: Callable[..., Evaluate], data: EvaluatedData, compared: Callable[..., list[Comparison]]
) -> Table4:
    settings = evaluation("experiment=table4_orl")
    finetuned = [with_share(compared(), share) for share in (0.6, 0.8)]
    pretrained = with_share(compared(), 0.5)
    return Table4(settings, pretrained, finetuned, ["a.ckpt", "b.ckpt"], data.account, DIVISION)


def test_finetuned_weights_have_a_deviation_over_trainings(table: Table4) -> None:
    rows = table.rows()
    assert [(row["weights"], row["stage"], row["trainings"]) for row in rows] == [
        ("pretrained", "stage 1", 0),
        ("pretrained", "stage 2", 0),
        ("finetuned", "stage 1", 2),
        ("finetuned", "stage 2", 2),
    ]
    assert (rows[0]["P@1"], rows[0]["P@1 sd"]) == (50.0, 0.0)
    assert (rows[3]["P@1"], rows[3]["P@1 sd"]) == (70.0, 14.1421)


def test_it_is_written_as_markdown_csv_and_json(table: Table4, tmp_path: Path) -> None:
    table.write(tmp_path)
    text = (tmp_path / "table4.md").read_text()
    assert "| official | mask | finetuned | stage 1 | 70.0 +- 14.1 |" in text
    assert "12 photographs: 4 to train on, 8 to test, 0 in neither part." in text
    assert len(list(csv.DictReader((tmp_path / "table4.csv").open()))) == 4
    facts = json.loads((tmp_path / "table4.json").read_text())
    assert (facts["people_apart"], facts["checkpoints"]) == (DIVISION, ["a.ckpt", "b.ckpt"])
    assert (tmp_path / "config.yaml").exists()
