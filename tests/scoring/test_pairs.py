"""Scores of pairs: what they are made of, and how a pair without a face counts."""

from pathlib import Path

import pytest
import torch
from torch.nn.functional import cosine_similarity

from fdemd.data.manifest import Manifest
from fdemd.data.pairs import Pairs
from fdemd.emd import emd_similarity
from fdemd.features import Features
from fdemd.score_normalization.normalizer import DiscrepancyNormalizer
from fdemd.scoring.pairs import evaluate_scores, pair_scores
from fdemd.settings.ranking import EmdRerank


def some_features(faces: int = 6) -> Features:
    return Features(torch.randn(faces, 8), torch.randn(faces, 16, 8).relu() + 0.01, (4, 4))


def pairs_of(same: list[bool], fold: list[int]) -> Pairs:
    rows = torch.arange(len(same))
    return Pairs(Manifest(Path(), ()), rows, rows, torch.tensor(same), torch.tensor(fold))


def test_the_mix_is_alpha_parts_emd_and_the_rest_cosine() -> None:
    features, first, second = some_features(), torch.tensor([0, 1, 2]), torch.tensor([3, 4, 5])

    scores = pair_scores(features, first, second, EmdRerank(alpha=0.7))

    cosine = cosine_similarity(features.embedding[:3], features.embedding[3:])
    transported = emd_similarity(features, features, torch.arange(6).expand(6, 6)).similarity[first, second]
    assert list(scores) == ["cosine", "0.7 EMD + 0.3 cosine"]
    torch.testing.assert_close(scores["cosine"], cosine)
    torch.testing.assert_close(scores["0.7 EMD + 0.3 cosine"], 0.7 * transported + 0.3 * cosine)


def test_a_face_is_closest_to_itself_in_both_terms() -> None:
    """In the published code the two terms have opposite signs."""
    features = some_features()
    everyone = torch.arange(6)

    for score in pair_scores(features, everyone, everyone, EmdRerank()).values():
        others = pair_scores(features, everyone, everyone.roll(1), EmdRerank())
        assert all((score > other).all() for other in others.values())


def test_a_normalizer_takes_the_cosine_of_the_face_itself() -> None:
    """Not of its mirror image, and the mix is with the normalized cosine."""
    features, first, second = some_features(), torch.tensor([0, 1, 2]), torch.tensor([3, 4, 5])
    normalizer = DiscrepancyNormalizer(lambda embeddings: embeddings[:, 0], strength=0.5)

    scores = pair_scores(features, first, second, EmdRerank(alpha=0.5), mirrored=True, normalizer=normalizer)

    one, other = features.embedding[:3, :4], features.embedding[3:, :4]
    expected = cosine_similarity(one, other) - 0.5 * (one[:, 0] + other[:, 0]) / 2
    torch.testing.assert_close(scores["normalized cosine"], expected)
    unaligned = pair_scores(features, first, second, EmdRerank(alpha=0.5), mirrored=True)
    difference = scores["0.5 EMD + 0.5 normalized cosine"] - unaligned["0.5 EMD + 0.5 cosine"]
    torch.testing.assert_close(difference, 0.5 * (expected - cosine_similarity(one, other)))


def test_without_reranking_there_is_the_cosine_only() -> None:
    assert list(pair_scores(some_features(), torch.tensor([0]), torch.tensor([1]), None)) == ["cosine"]


def test_pairs_are_the_same_however_many_are_computed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    features, first, second = some_features(), torch.arange(5), torch.arange(1, 6)
    whole = pair_scores(features, first, second, EmdRerank(grid=(2, 2)))
    monkeypatch.setattr("fdemd.scoring.pairs._PAIRS_AT_ONCE", 2)

    for similarity, score in pair_scores(features, first, second, EmdRerank(grid=(2, 2))).items():
        torch.testing.assert_close(score, whole[similarity])


def test_a_pair_without_a_face_is_wrong_in_the_accuracy_and_rejected_elsewhere() -> None:
    pairs = pairs_of([True, True, False, False] * 2, [0] * 4 + [1] * 4)
    score = torch.tensor([0.9, 0.8, 0.2, 0.1] * 2)
    one_person_and_two_people = torch.tensor([True, False, True, False] + [False] * 4)

    perfect = evaluate_scores("cosine", score, pairs, torch.zeros(8, dtype=torch.bool))
    spoiled = evaluate_scores("cosine", score, pairs, one_person_and_two_people)

    assert perfect.accuracy.accuracy.tolist() == [1.0, 1.0]
    assert spoiled.accuracy.accuracy.tolist() == [0.5, 1.0]
    assert [point.tar for point in perfect.points] == [1.0] * 4
    assert [point.tar for point in spoiled.points] == [0.75] * 4
    far, tar = spoiled.roc
    assert float(tar[far == 0].max()) == 0.75


@pytest.mark.parametrize("size", [2.0**-100, 2.0**100])
def test_pairs_of_very_short_and_very_long_embeddings_have_the_cosine_of_their_directions(size: float) -> None:
    features = some_features()
    scaled = Features(features.embedding * size, features.patches, features.grid)
    first, second = torch.tensor([0, 1, 2]), torch.tensor([3, 4, 5])
    (expected,), (found,) = (pair_scores(each, first, second, None).values() for each in (features, scaled))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
