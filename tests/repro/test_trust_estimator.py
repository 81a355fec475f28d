"""What an estimator says of faces that it never saw, and estimators that never saw a kind of cover."""

import shutil
from pathlib import Path

import torch

from fdemd.features import Features
from fdemd.repro.trust_estimator import called, measure_masked, measure_unseen
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Layout, VisibilityEstimator
from tests.repro.made_part import EACH, PEOPLE, made_data
from tests.visibility.made_features import MeanNet, made_estimator, noise


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
    wanted = {"faces found": 2, "called": {"below": 100.0}}
    assert found["by detector"] == {"yunet": wanted, "dlib": wanted}


def test_queries_are_judged_by_an_estimator_that_was_fitted_without_them() -> None:
    features = noise(PEOPLE * EACH)
    data = made_data(dict.fromkeys(("clean", "mask", "crop", "scarf"), features))
    known = made_estimator(Layout.of(features))
    other = made_estimator(Layout.of(features), seed=1)
    found = measure_unseen(data, known, dict.fromkeys(("mask", "crop", "scarf"), other))
    assert [(each["query"], each["left out"]) for each in found] == [
        ("mask", ["mask", "askew mask"]),
        ("crop", ["crop"]),
        ("scarf", ["scarf", "hand", "askew scarf", "askew hand"]),
    ]
    for each in found:
        assert each["queries"] == len(features)
        assert each["seen"]["called"] != each["never seen"]["called"]
        assert (each["seen"]["patch AUC"] is None) == (each["query"] == "crop"), "a cut face is not covered"


def test_the_lower_patches_of_a_face_with_a_mask_or_scarf_are_covered() -> None:
    features = noise(PEOPLE * EACH)
    low = VisibilityEstimator(Layout.of(features))
    with torch.no_grad():
        low.patch_bias[8:] = -1
    data = made_data(dict.fromkeys(("mask", "scarf"), features))
    for each in measure_unseen(data, low, dict.fromkeys(("mask", "scarf"), low)):
        assert each["seen"]["patch AUC"] == each["never seen"]["patch AUC"] > 0.7
