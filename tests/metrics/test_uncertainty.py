"""Uses of a face's scale, against their formulas one pair at a time."""

import math

import pytest
import torch

from fdemd.metrics.uncertainty import pair_confidence, scaled_similarity, separating_cosine, template


def test_the_shift_lies_half_way_between_the_means() -> None:
    cosine = torch.tensor([0.8, 0.6, 0.1, 0.3, 0.2])
    assert separating_cosine(cosine, torch.tensor([True, True, False, False, False])) == pytest.approx(0.45)


def test_an_unsure_pair_is_moved_towards_the_decision_from_either_side() -> None:
    sure, unsure = torch.tensor([60.0]), torch.tensor([4.0])
    for cosine in (0.9, 0.1):
        found = scaled_similarity(torch.tensor([cosine]), sure, unsure, 0.5)
        assert found.item() == pytest.approx(math.sqrt(60 * 4) * (cosine - 0.5), rel=1e-5)
        assert 0 < found.abs() < scaled_similarity(torch.tensor([cosine]), sure, sure, 0.5).abs()


def test_a_pair_is_as_sure_as_the_harmonic_mean() -> None:
    assert pair_confidence(torch.tensor(3.0), torch.tensor(6.0)).item() == pytest.approx(1 / ((1 / 3 + 1 / 6) / 2))


def test_a_template_is_the_mean_direction_weighted_by_scale() -> None:
    embedding, scale, group = torch.randn(6, 4), torch.rand(6) + 0.1, torch.tensor([1, 0, 1, 1, 0, 0])
    found = template(embedding, scale, group, 2)
    for number in (0, 1):
        total = sum(scale[row] * embedding[row] / embedding[row].norm() for row in range(6) if group[row] == number)
        torch.testing.assert_close(found[number], total / total.norm())


@pytest.mark.parametrize("size", [2.0**-100, 2.0**100])
def test_a_template_does_not_depend_on_the_length_of_its_embeddings(size: float) -> None:
    embedding, scale, group = torch.randn(6, 4), torch.rand(6) + 0.1, torch.tensor([1, 0, 1, 1, 0, 0])
    assert torch.equal(template(embedding * size, scale, group, 2), template(embedding, scale, group, 2))
