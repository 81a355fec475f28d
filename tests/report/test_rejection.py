"""Rejection over several seeds, as rows and as curves."""

import math
from dataclasses import replace

import pytest
import torch

from fdemd.report.rejection import curves_of, rejection_curves, rejection_rows
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
