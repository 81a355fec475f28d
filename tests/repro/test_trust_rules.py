"""Whose calibration gives the alpha of which query."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from fdemd.embedding.covers import CoveredFaces
from fdemd.repro.trust_rules import always, by_half, fit_without, without
from fdemd.retrieval.protocol import Labels
from fdemd.visibility.estimator import Layout
from fdemd.visibility.fit import fit_estimator
from fdemd.visibility.trust import expected_alpha
from tests.repro.made_part import EACH, PEOPLE, made_data
from tests.visibility.made_features import MeanNet, made_calibration, made_estimator, noise, planted

COUNT = PEOPLE * EACH
KINDS = ["mask", "scarf", "hand", "clean"] * (COUNT // 4)


class Search:
    """Photographs that found nothing."""

    def __init__(self, faces: CoveredFaces) -> None:
        self.faces = faces

    def __getitem__(self, numbers: Tensor) -> "Search":
        return Search(self.faces[numbers])


class Part:
    """Its calibrations tell whom they were made from; each gives an alpha of its own."""

    data = made_data({"clean": noise(COUNT)})

    def __init__(self) -> None:
        self.made: list[Any] = []

    def calibrated(self, searched: Search, estimator: Any) -> Any:
        alpha = 0.5 * len(self.made)
        self.made.append(
            SimpleNamespace(
                people=searched.faces.labels.identity.unique(),
                estimator=estimator,
                alphas_of=lambda query: torch.full((len(query),), alpha),
            )
        )
        return self.made[-1]


def searched() -> Any:
    person = torch.arange(COUNT) // EACH
    return Search(CoveredFaces(noise(COUNT), Labels.distinct(person), planted(COUNT)[1], KINDS))


def test_queries_of_half_of_the_people_are_judged_by_the_calibration_of_the_others() -> None:
    part: Any = Part()
    query, labels = part.data.query("clean")
    shipped = made_estimator(Layout.of(query))
    alphas = by_half(part, searched(), shipped)("mask", query)
    assert all(each.estimator is shipped for each in part.made)
    first, second = (each.people for each in part.made)
    assert len(first) == len(second) == PEOPLE // 2
    assert not torch.isin(first, second).any()
    assert alphas is not None
    assert torch.equal(alphas == 0, torch.isin(labels.identity, second))


def test_an_estimator_is_fitted_without_each_cover_and_without_scarf_and_hand_together() -> None:
    faces = searched().faces
    found = fit_without(faces, ["clean", "mask", "crop", "scarf", "hand"])
    assert found.keys() == {"mask", "scarf", "hand"}, "there is no crop, and clean faces are no cover"
    assert found["scarf"] is found["hand"]
    others = faces[torch.tensor([kind != "mask" for kind in KINDS]).nonzero()[:, 0]]
    alone = fit_estimator(others.features, others.truth.condition, others.truth.visible)
    assert torch.equal(found["mask"](faces.features).visible, alone(faces.features).visible)


def test_alphas_go_by_the_estimator_that_is_asked() -> None:
    query = noise(6)
    calibration = made_calibration(MeanNet())
    calibration = replace(calibration, estimator=made_estimator(Layout.of(query)))
    other = made_estimator(Layout.of(query), seed=1)
    seen, unaware = always(calibration), without(calibration, {"mask": other})
    mask, crop = unaware("mask", query), unaware("crop", query)
    assert mask is not None
    assert torch.equal(mask, expected_alpha(other(query).condition, calibration.alphas))
    assert not torch.equal(mask, seen("mask", query))
    assert crop is None
