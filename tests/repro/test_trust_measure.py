"""Figures of calibrated alphas: the best fixed one beside them, shares of its gain, and what counts as harm."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from fdemd.embedding.covers import CoveredFaces
from fdemd.features import Features
from fdemd.repro.trust_measure import called, compare_alphas, fit_unaware, goal_counts, measure_masked
from fdemd.retrieval.protocol import Labels
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Layout, VisibilityEstimator
from fdemd.visibility.fit import fit_condition
from tests.visibility.made_features import MeanNet, planted


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


def row(calibrated: tuple[float, float], share: int | None) -> dict[str, object]:
    figures = {"stage 1": (90.0, 80.0), "auto": (90.0, 70.0), "calibrated": calibrated}
    return {
        "figures": {name: {"P@1": right, "RP": precision} for name, (right, precision) in figures.items()},
        "share of the best gain": share,
    }


def test_a_loss_in_either_figure_is_harm() -> None:
    rows = [row((91, 80), 95), row((90, 79.95), None), row((89.8, 85), 20), row((92, 79.8), 90)]
    assert goal_counts(rows) == {
        "rows": 4,
        "within 0.1 point of stage 1 or above": 2,
        "so with auto": 0,
        "rows with a gain of 1 point": 3,
        "at least 90 % of it": 2,
    }


def test_what_does_not_occur_is_left_out() -> None:
    assert called(torch.tensor([1, 1, 1, 6])) == {"below": 75.0, "other": 25.0}
    assert called(torch.zeros(0, dtype=torch.long)) == {}


def test_photographs_of_masked_people_are_aligned_and_asked_about(few_people: Path, tmp_path: Path) -> None:
    folder = tmp_path / "masked"
    folder.mkdir()
    for number, file in enumerate(sorted(few_people.rglob("*.pgm"))[:2]):
        shutil.copy(file, folder / f"{number}.png")
    (folder / "README.md").write_text("no photograph")
    net = MeanNet().eval()
    estimator = VisibilityEstimator(Layout.of(Features(torch.zeros(1, 5), torch.zeros(1, 16, 5), (4, 4))))
    with torch.no_grad():
        estimator.condition.bias[CONDITIONS.index("below")] = 9
    found = measure_masked(folder, net, estimator, tmp_path / "cache")
    assert found["photographs"] == 2
    assert found["faces found"] == 2
    assert found["called"] == {"below": 100.0}


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_alphas_at_the_ends(share: float) -> None:
    rules = {"calibrated": torch.full((3,), share)}
    assert compare_alphas(made, rules)["figures"]["calibrated"] == pytest.approx(made(share))


def test_an_estimator_is_fitted_without_each_cover() -> None:
    features, truth = planted(60)
    kinds = ["clean", "mask", "hand"] * 20
    labels = Labels.distinct(torch.arange(60))
    found = fit_unaware(CoveredFaces(features, labels, truth, kinds), ["clean", "mask", "crop"])
    assert found.keys() == {"mask"}, "there is no crop, and clean faces are no cover"
    without = torch.tensor([kind != "mask" for kind in kinds])
    assert torch.equal(
        found["mask"](features).condition,
        fit_condition(features[without], truth.condition[without])(features).condition,
    )
