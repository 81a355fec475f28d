"""What an estimator says of faces that it never saw, and estimators that never saw a kind of cover."""

import shutil
from pathlib import Path

import torch

from fdemd.embedding.covers import CoveredFaces
from fdemd.features import Features
from fdemd.repro.trust_estimator import called, fit_unaware, measure_masked
from fdemd.retrieval.protocol import Labels
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Layout, VisibilityEstimator
from fdemd.visibility.fit import fit_condition
from tests.visibility.made_features import MeanNet, planted


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
