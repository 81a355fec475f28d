"""The explanation of a pair is the second stage's score, taken apart."""

import pytest
import torch
from torch.nn.functional import cosine_similarity, normalize

from fdemd.emd import Official, emd_similarity
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.scoring.explanation import explain, weights_of_pair


@pytest.fixture
def pair() -> tuple[Features, Features]:
    """Two faces, each with 4 x 4 patches of 8 channels."""
    return tuple(Features(torch.randn(1, 6), torch.rand(1, 16, 8), (4, 4)) for _ in range(2))  # type: ignore[return-value]


def test_the_scores_are_those_of_the_second_stage(pair: tuple[Features, Features]) -> None:
    found = explain(*pair, alpha=0.25, weighting="sc")
    expected = emd_similarity(*pair, torch.zeros(1, 1, dtype=torch.long), weighting="sc")
    assert found.emd == pytest.approx(float(expected.similarity))
    assert found.cosine == pytest.approx(float(cosine_similarity(pair[0].embedding, pair[1].embedding)))
    assert found.mixed == pytest.approx(0.25 * found.emd + 0.75 * found.cosine)


def test_the_flow_times_the_cosines_is_the_similarity(pair: tuple[Features, Features]) -> None:
    found = explain(*pair)
    one, other = (normalize(features.patches[0], dim=1) for features in pair)
    torch.testing.assert_close(found.patch_cosine, one @ other.T)
    assert float((found.flow * found.patch_cosine).sum()) == pytest.approx(found.emd, abs=1e-5)
    torch.testing.assert_close(found.flow.sum(1), found.query_weight, atol=1e-3, rtol=0)


def test_patches_are_pooled_to_the_grid_asked_for(pair: tuple[Features, Features]) -> None:
    assert explain(*pair, grid=(2, 2)).flow.shape == (4, 4)
    with pytest.raises(InputError, match="patches that it does not have"):
        explain(*pair, grid=(5, 5))


def test_a_stopping_rule_that_is_not_met_is_told(pair: tuple[Features, Features]) -> None:
    assert explain(*pair, stop=Official(threshold=1e-9, max_rounds=1), eps=0.003).unfinished


def test_weights_are_given_for_every_weighting_that_the_features_allow(pair: tuple[Features, Features]) -> None:
    found = weights_of_pair(*pair)
    assert {"uniform", "apc", "sc"} <= set(found)
    assert not {"uew", "lmk"} & set(found), "the one is apc times a number, the other needs landmarks"
    for weights in found.values():
        assert float(weights.query.sum()) == pytest.approx(1)
