import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.estimator import Layout, VisibilityEstimator
from tests.visibility.made_features import GRIDS, made_estimator, noise


@pytest.mark.parametrize("grid", GRIDS)
def test_any_grid_gives_probabilities(grid: tuple[int, int]) -> None:
    features = noise(5, grid)
    found = made_estimator(Layout.of(features))(features)
    assert found.visible.shape == (5, grid[0] * grid[1])
    assert ((found.visible >= 0) & (found.visible <= 1)).all()
    assert found.condition.shape == (5, len(CONDITIONS))
    torch.testing.assert_close(found.condition.sum(1), torch.ones(5))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 300))
def test_each_face_is_judged_alone(seed: int, faces: int) -> None:
    features = noise(faces, (3, 2), seed=seed)
    estimator = made_estimator(Layout.of(features), seed)
    order = torch.randperm(faces, generator=torch.Generator().manual_seed(seed))
    found, mixed = estimator(features), estimator(features[order])
    torch.testing.assert_close(mixed.visible, found.visible[order])
    torch.testing.assert_close(mixed.condition, found.condition[order])


def test_the_length_of_an_embedding_plays_no_part_and_that_of_a_patch_does() -> None:
    features = noise()
    estimator = made_estimator(Layout.of(features))
    longer = Features(3 * features.embedding, features.patches, features.grid)
    torch.testing.assert_close(estimator(longer).condition, estimator(features).condition)
    longer = Features(features.embedding, 3 * features.patches, features.grid)
    assert not torch.allclose(estimator(longer).condition, estimator(features).condition)


def test_halves_do_almost_as_well_as_floats_and_nobody_is_no_mistake() -> None:
    features = noise()
    estimator = made_estimator(Layout.of(features))
    torch.testing.assert_close(
        estimator(features.to(torch.float16)).visible, estimator(features).visible, atol=5e-3, rtol=0
    )
    assert estimator(features[:0]).visible.shape == (0, 16)


def test_an_estimator_that_knows_nothing_says_so() -> None:
    features = noise()
    found = VisibilityEstimator(Layout.of(features))(features)
    assert (found.visible == 0.5).all()
    torch.testing.assert_close(found.condition, torch.full((6, len(CONDITIONS)), 1 / len(CONDITIONS)))


def test_features_of_another_form_are_refused() -> None:
    estimator = made_estimator(Layout(8, (4, 4), 5))
    with pytest.raises(InputError, match="is for 4x4 patches of 5 and embeddings of 8, and these features are 2x2"):
        estimator(noise(grid=(2, 2)))
    with pytest.raises(InputError, match="not finite"):
        estimator(Features(torch.zeros(1, 8), torch.full((1, 16, 5), torch.nan), (4, 4)))
