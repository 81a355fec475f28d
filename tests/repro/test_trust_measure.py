"""Figures of calibrated alphas: the best fixed one beside them, shares of its gain, and what counts as harm."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from fdemd.repro.trust_measure import compare_alphas, goal_counts


def made(alpha: float | Tensor) -> Mapping[str, float]:
    """Figures that are best at 0.4."""
    mean = float(torch.as_tensor(alpha).mean())
    return {"P@1": 60 - 50 * abs(mean - 0.4), "RP": 50 - 50 * abs(mean - 0.4)}


def test_the_best_fixed_alpha_stands_beside_every_rule() -> None:
    rules = {"auto": torch.full((5,), 0.2), "calibrated": torch.full((5,), 0.38)}
    row = compare_alphas(made, rules)
    assert row["best alpha"] == 0.4
    found = {name: each["P@1"] for name, each in row["figures"].items()}
    wanted = {"stage 1": 40, "alpha 0.7": 45, "auto": 50, "calibrated": 59, "best fixed": 60}
    assert found == pytest.approx(wanted, abs=1e-4)
    assert row["share of the best gain"] == 95
    assert row["mean alpha"] == 0.38


def test_no_share_is_told_of_a_small_gain() -> None:
    rules = {"calibrated": torch.zeros(5)}
    row = compare_alphas(lambda alpha: {"P@1": 99 + float(torch.as_tensor(alpha).mean()) / 2, "RP": 90.0}, rules)
    assert row["best alpha"] == 1
    assert row["share of the best gain"] is None


def row(calibrated: tuple[float, float], share: int | None) -> dict[str, Any]:
    figures = {"stage 1": (90.0, 80.0), "auto": (90.0, 70.0), "calibrated": calibrated}
    return {
        "figures": {name: {"P@1": right, "RP": precision} for name, (right, precision) in figures.items()},
        "share of the best gain": share,
    }


def test_a_loss_in_either_figure_is_harm() -> None:
    rows = [row((91, 80), 95), row((90, 79.95), None), row((89.8, 85), 20), row((92, 79.8), 90)]
    rows[0]["figures"]["never seen"] = {"P@1": 89.0, "RP": 80.0}
    rows[1]["figures"]["never seen"] = {"P@1": 90.0, "RP": 80.0}
    assert goal_counts(rows) == {
        "rows": 4,
        "within 0.1 point of stage 1 or above": 2,
        "so with auto": 0,
        "rows with a gain of 1 point": 3,
        "at least 90 % of it": 2,
        "rows of covers left out": 2,
        "so without the cover": 1,
        "so by the other data": 0,
    }


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_alphas_at_the_ends(share: float) -> None:
    rules = {"calibrated": torch.full((3,), share)}
    assert compare_alphas(made, rules)["figures"]["calibrated"] == pytest.approx(made(share))
