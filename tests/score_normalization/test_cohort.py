"""A cohort counts its people, and finds for each face those of others."""

import pytest
import torch

from fdemd.score_normalization.cohort import Cohort
from fdemd.settings.normalization import SupportRule

AXES = torch.eye(4)


def test_people_are_counted_once_each() -> None:
    cohort = Cohort(AXES, torch.tensor([3, 3, 7, 9]))
    assert len(cohort) == 4
    assert cohort.people == 3


def test_a_face_is_supported_by_other_people_only() -> None:
    twins = Cohort(torch.stack([AXES[0], AXES[0], AXES[1]]), torch.tensor([0, 0, 1]))
    found = twins.own_support(SupportRule(size=1))
    assert found.mean.tolist() == [0, 0, 0], "its own person's other photograph, at cosine 1, plays no part"
    assert found.size.tolist() == [1, 1, 1]


def test_embeddings_and_people_belong_together() -> None:
    with pytest.raises(ValueError, match="person"):
        Cohort(AXES, torch.arange(3))
