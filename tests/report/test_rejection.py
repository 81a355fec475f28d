"""Rejection over several seeds, as rows, as curves and as tables."""

import math
from dataclasses import replace

import pytest
import torch

from fdemd.report.rejection import curves_of, rejection_curves, rejection_rows
from fdemd.report.rejection_tables import rejection_tables, spread_note
from fdemd.scoring.closed_set import STAGE_1
from fdemd.scoring.rejection import PORTIONS, RANDOM, SCALE
from fdemd.scoring.trial import Trial
from tests.report.rejections import rejection


@pytest.fixture
def trials() -> list[Trial]:
    return [Trial(seed, rejections={"scales": rejection(share)}) for seed, share in enumerate((0.7, 0.9))]


def test_a_row_has_mean_deviation_and_every_seed(trials: list[Trial]) -> None:
    rows = rejection_rows(trials)
    assert {row["measure"] for row in rows} == {"P@1, stage 1", "P@1, stage 2", "TAR at FAR 0.01", "TAR at FAR 0.001"}
    row = rows[0]
    assert (row["training"], row["confidence"]) == ("scales", SCALE)
    assert (row["area"], row["area sd"]) == (80.0, 14.1421)
    assert (row["area, seed 0"], row["area, seed 1"]) == (70.0, 90.0)
    assert (row["0 % rejected"], row["50 % rejected"]) == (80.0, 100.0)


def test_curves_of_every_seed_can_be_drawn_anew(trials: list[Trial]) -> None:
    curves = rejection_curves(trials)
    first = curves[0]
    assert first["x"] == PORTIONS.tolist() and len(first["y"]) == 2
    assert {curve["over"] for curve in curves} == {"share rejected", "share re-ranked"}
    assert len(curves_of([trial.rejections["scales"] for trial in trials])) == 4 * 4


def test_a_curve_without_a_figure_has_none(trials: list[Trial]) -> None:
    nothing = torch.full_like(PORTIONS, math.nan)
    found = trials[0].rejections["scales"]
    trials[0].rejections["scales"] = replace(found, answered={STAGE_1: {RANDOM: nothing}})
    assert rejection_curves(trials[:1])[0]["y"] == [[None] * len(PORTIONS)]


def test_tables_show_every_measure(trials: list[Trial]) -> None:
    titles = [table.title for table in rejection_tables(trials)]
    assert titles == [
        "scales: P@1, stage 1 of what is left, by share rejected",
        "scales: P@1, stage 2 of what is left, by share rejected",
        "scales: TAR at FAR 0.01 of what is left, by share rejected",
        "scales: TAR at FAR 0.001 of what is left, by share rejected",
        "scales: mean scale",
        "scales: similarity of pairs",
        "scales: which queries to re-rank",
        "scales: templates",
    ]
    scales = rejection_tables(trials)[4]
    assert scales.cells[1] == {"query": "mask", "scale": "50.00 +- 0.00", "logit": "0.50 +- 0.00"}


def test_what_there_is_not_has_no_table_and_a_missing_norm_is_told() -> None:
    tables = rejection_tables([Trial(0, rejections={"scales": rejection(reranked=False, norm=False)})])
    assert not any("re-rank" in table.title for table in tables)
    assert "No feature norm" in tables[0].notes[1]
    assert tables[0].cells[0]["area"] == "80.0", "one seed has no deviation"
    assert (spread_note(1), spread_note(2)) == ("", ", mean +- standard deviation over seeds")
