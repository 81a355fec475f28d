"""The estimator learns a discrepancy that depends on the embedding, and is the same for the same seed."""

from functools import cache

import pytest
import torch
from torch.nn.functional import normalize

from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.estimator import DiscrepancyNetwork, estimator_error, train_estimator
from fdemd.score_normalization.support import support_of
from fdemd.settings.normalization import SupportRule

RULE = SupportRule(size=10)


def crowd(people: int, seed: int) -> torch.Tensor:
    """Three faces of each of some people, who crowd around one place: the farther from it, the fewer neighbours."""
    generator = torch.Generator().manual_seed(seed)
    distance = 2 * torch.rand(people, 1, generator=generator)
    centre = torch.eye(8)[0] + distance * normalize(torch.randn(people, 8, generator=generator), dim=1)
    faces = normalize(centre, dim=1).repeat_interleave(3, 0)
    return normalize(faces + 0.05 * torch.randn(3 * people, 8, generator=generator), dim=1)


@cache
def trained(seed: int = 0) -> tuple[DiscrepancyNetwork, Cohort]:
    cohort = Cohort(crowd(150, 1), torch.arange(450) // 3)
    return train_estimator(cohort, RULE, seed), cohort


def test_it_beats_the_constant_on_unseen_people_of_a_known_structure() -> None:
    network, cohort = trained()
    unseen = crowd(40, 2)
    error = estimator_error(network, unseen, support_of(unseen, cohort.embedding, RULE).mean)
    assert error.faces == 120
    assert error.estimator < error.constant / 2


def test_the_errors_are_those_of_a_literal_version() -> None:
    network, truth, unseen = DiscrepancyNetwork(8, mean=0.3, deviation=0.1).eval(), torch.rand(5), crowd(5, 2)[::3]
    error = estimator_error(network, unseen, truth)
    own = [abs(network(face[None]).item() - right.item()) for face, right in zip(unseen, truth, strict=True)]
    assert error.estimator == pytest.approx(sum(own) / 5, abs=1e-6)
    assert error.constant == pytest.approx(sum(abs(0.3 - right) for right in truth.tolist()) / 5, abs=1e-6)


def test_a_seed_decides_the_network_and_nothing_else_is_drawn() -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    one = trained.__wrapped__()[0].state_dict()
    assert torch.equal(torch.rand(3), expected)
    same, other = trained.__wrapped__()[0].state_dict(), trained(seed=1)[0].state_dict()
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["layers.0.weight"], other["layers.0.weight"])


def test_training_works_inside_inference_mode() -> None:
    with torch.inference_mode():
        cohort = Cohort(crowd(10, 1), torch.arange(30) // 3)
        network = train_estimator(cohort, RULE, 0)
        assert network(cohort.embedding).isfinite().all()
