"""Whose calibration gives the alpha of which query."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from fdemd.embedding.covers import CoveredFaces
from fdemd.repro.trust_rules import always, by_half, calibrate_without, of_the_kind
from fdemd.retrieval.protocol import Labels
from tests.repro.made_part import EACH, PEOPLE, made_data
from tests.visibility.made_features import noise, planted

COUNT = PEOPLE * EACH
KINDS = ["mask", "scarf", "hand", "clean"] * (COUNT // 4)


class Search:
    """Photographs that found nothing."""

    def __init__(self, faces: CoveredFaces) -> None:
        self.faces = faces

    def __getitem__(self, numbers: Tensor) -> "Search":
        return Search(self.faces[numbers])


class Part:
    """Its calibrations tell what they were made from; each gives an alpha of its own."""

    data = made_data({"clean": noise(COUNT)})

    def __init__(self) -> None:
        self.made: list[Any] = []

    def calibrated(self, searched: Search) -> Any:
        alpha, faces = 0.5 * len(self.made), searched.faces
        self.made.append(
            SimpleNamespace(
                people=faces.labels.identity.unique(),
                kinds=set(faces.kinds),
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
    alphas = by_half(part, searched())("mask", query)
    first, second = (each.people for each in part.made)
    assert len(first) == len(second) == PEOPLE // 2
    assert not torch.isin(first, second).any()
    assert alphas is not None
    assert torch.equal(alphas == 0, torch.isin(labels.identity, second))


def test_a_kind_is_left_out_of_its_calibration_and_scarf_and_hand_together() -> None:
    part: Any = Part()
    found: Any = calibrate_without(part, searched(), ["clean", "mask", "crop", "scarf", "hand"])
    assert found.keys() == {"mask", "scarf", "hand"}, "there is no crop, and clean faces are no cover"
    assert found["mask"].kinds == {"scarf", "hand", "clean"}
    assert found["scarf"] is found["hand"]
    assert found["hand"].kinds == {"mask", "clean"}


def test_rules_of_one_calibration_and_of_one_a_kind() -> None:
    one: Any = SimpleNamespace(alphas_of=lambda query: torch.full((len(query),), 0.5))
    query = noise(2)
    assert always(one)("crop", query) is not None
    assert of_the_kind({"mask": one})("mask", query) is not None
    assert of_the_kind({"mask": one})("crop", query) is None
