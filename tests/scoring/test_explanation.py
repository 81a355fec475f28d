"""The explanation of a pair is the second stage's score, taken apart."""

import pytest
import torch
from torch.nn.functional import cosine_similarity, normalize

from fdemd.emd import emd_similarity
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.rank import rank
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
    assert explain(*pair, tolerance=1e-12, eps=0.003).unfinished


def test_weights_are_given_for_every_weighting_that_the_features_allow(pair: tuple[Features, Features]) -> None:
    found = weights_of_pair(*pair)
    assert {"uniform", "apc", "sc"} <= set(found)
    assert not {"uew", "lmk"} & set(found), "the one is apc times a number, the other needs landmarks"
    for weights in found.values():
        assert float(weights.query.sum()) == pytest.approx(1)


def test_a_weighting_of_the_official_stop_is_explained(pair: tuple[Features, Features]) -> None:
    assert explain(*pair, weighting="uew", stop="official").flow.shape == (
        len(pair[0].patches[0]),
        len(pair[1].patches[0]),
    )
    with pytest.raises(InputError, match="Unknown stop"):
        explain(*pair, stop="never")


@pytest.mark.parametrize("size", [1e-20, 1e25])
def test_the_cosine_is_that_of_the_first_stage_whatever_its_size(pair: tuple[Features, Features], size: float) -> None:
    one, other = (Features(face.embedding * size, face.patches, face.grid) for face in pair)
    assert explain(one, other).cosine == pytest.approx(float(rank(one, other).scores[0, 0]), abs=1e-6)


def test_an_embedding_that_is_not_finite_is_told(pair: tuple[Features, Features]) -> None:
    one = Features(pair[0].embedding * torch.nan, pair[0].patches, pair[0].grid)
    with pytest.raises(InputError, match="query's embedding"):
        explain(one, pair[1])
