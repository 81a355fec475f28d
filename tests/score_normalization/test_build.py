"""Normalized cosines against literal formulas in float64, and what must not change them."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cosine_similarity, normalize

from fdemd.retrieval import protocol
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels
from fdemd.retrieval.ranking import NOBODY
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.score_normalization.build import build_normalizer
from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.normalizer import Normalizer
from fdemd.score_normalization.snorm import SMALLEST_DEVIATION
from fdemd.settings.normalization import COHORT, IDA, LEARNED, SNORM, VIRTUAL, ScoreNormalization

METHODS = [(IDA, COHORT), (IDA, VIRTUAL), (IDA, LEARNED), (SNORM, COHORT), (SNORM, VIRTUAL)]
SIZE = 4


def faces(count: int, seed: int, dimensions: int = 8) -> torch.Tensor:
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed))


def cohort(seed: int = 0) -> Cohort:
    return Cohort(faces(24, seed), torch.arange(24) // 3)


def build(known: Cohort, seed: int = 0, **settings: Any) -> Normalizer:
    """A normalizer with support sets of SIZE faces."""
    return build_normalizer(ScoreNormalization(size=SIZE, **settings), known, seed)


def labels(count: int, first: int) -> Labels:
    numbers = torch.arange(first, first + count)
    return Labels(numbers % 5, numbers, numbers)


def ranked(normalizer, query: torch.Tensor, gallery: torch.Tensor):
    adjust = normalizer.between(query, gallery) if normalizer else None
    who = labels(len(query), 100), labels(len(gallery), 0)
    return rank_by_cosine(query, gallery, *who, protocol=LEAVE_TWIN_OUT, depth=len(gallery), adjust=adjust)


def similar(one: torch.Tensor, others: torch.Tensor) -> list[float]:
    """The largest SIZE cosines of a face, in float64."""
    cosines = cosine_similarity(one.double()[None], others.double())
    return sorted(cosines.tolist(), reverse=True)[:SIZE]


def moments(cosines: list[float]) -> tuple[float, float]:
    mean = sum(cosines) / len(cosines)
    return mean, math.sqrt(sum((value - mean) ** 2 for value in cosines) / len(cosines))


@given(st.floats(0, 2), st.integers(0, 999))
@settings(max_examples=25)
def test_ida_is_the_cosine_less_the_mean_discrepancy(strength: float, seed: int) -> None:
    known, query, gallery = cohort(seed), faces(3, seed + 1), faces(5, seed + 2)
    normalizer = build(known, seed, strength=strength)
    ranking = ranked(normalizer, query, gallery)
    for number, (rows, scores) in enumerate(zip(ranking.indices, ranking.scores, strict=True)):
        for row, score in zip(rows, scores, strict=True):
            discrepancies = [moments(similar(face, known.embedding))[0] for face in (query[number], gallery[row])]
            cosine = cosine_similarity(query[number].double(), gallery[row].double(), dim=0).item()
            assert score.item() == pytest.approx(cosine - strength * sum(discrepancies) / 2, abs=1e-5)


@given(st.floats(0, 1), st.integers(0, 999))
@settings(max_examples=25)
def test_snorm_is_the_literal_formula(strength: float, seed: int) -> None:
    known, query, gallery = cohort(seed), faces(3, seed + 1), faces(5, seed + 2)
    normalizer = build(known, seed, method=SNORM, strength=strength)
    own = [
        moments(similar(face, known.embedding[known.person != who]))
        for face, who in zip(known.embedding, known.person, strict=True)
    ]
    centre, spread = (sum(each) / len(own) for each in zip(*own, strict=True))
    ranking = ranked(normalizer, query, gallery)
    for number, (rows, scores) in enumerate(zip(ranking.indices, ranking.scores, strict=True)):
        for row, score in zip(rows, scores, strict=True):
            cosine = cosine_similarity(query[number].double(), gallery[row].double(), dim=0).item()
            normalized = 0.0
            for face in (query[number], gallery[row]):
                mean, deviation = moments(similar(face, known.embedding))
                normalized += (cosine - mean) / max(deviation, SMALLEST_DEVIATION) / 2
            expected = (1 - strength) * cosine + strength * (centre + spread * normalized)
            assert score.item() == pytest.approx(expected, abs=1e-4, rel=1e-4)


@pytest.mark.parametrize(("method", "support"), METHODS)
def test_strength_0_is_the_cosine_bit_for_bit(method: str, support: str) -> None:
    query, gallery = faces(6, 1), faces(9, 2)
    normalizer = build(cohort(), method=method, strength=0, support=support)
    plain, normalized = ranked(None, query, gallery), ranked(normalizer, query, gallery)
    assert torch.equal(plain.indices, normalized.indices)
    assert torch.equal(plain.scores, normalized.scores)


@pytest.mark.parametrize(("method", "support"), METHODS)
def test_permuting_the_gallery_permutes_the_ranking(method: str, support: str) -> None:
    query, gallery, order = faces(6, 1), faces(9, 2), torch.randperm(9)
    normalizer = build(cohort(), method=method, strength=0.6, support=support)
    straight, shuffled = ranked(normalizer, query, gallery), ranked(normalizer, query, gallery[order])
    for one, other in zip(straight.indices, shuffled.indices, strict=True):
        # The protocol bars nobody here, so that both are whole galleries.
        assert one.tolist() == order[other].tolist()
    torch.testing.assert_close(straight.scores, shuffled.scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("method", "support"), METHODS)
def test_tiles_of_any_size_give_one_ranking(method: str, support: str, monkeypatch: pytest.MonkeyPatch) -> None:
    query, gallery = faces(7, 1), faces(11, 2)
    normalizer = build(cohort(), method=method, strength=0.6, support=support)
    whole = ranked(normalizer, query, gallery)
    monkeypatch.setattr(protocol, "_QUERIES_AT_ONCE", 2)
    monkeypatch.setattr(protocol, "_GALLERY_AT_ONCE", 3)
    tiled = ranked(normalizer, query, gallery)
    assert torch.equal(whole.indices, tiled.indices)
    torch.testing.assert_close(whole.scores, tiled.scores, rtol=1e-4, atol=1e-4)
    assert (whole.indices != NOBODY).all()


@pytest.mark.parametrize(("method", "support"), METHODS)
def test_pairs_have_the_scores_of_the_table(method: str, support: str) -> None:
    query, gallery = faces(4, 1), faces(4, 2)
    normalizer = build(cohort(), method=method, strength=0.6, support=support)
    table = normalize(query, dim=1) @ normalize(gallery, dim=1).T
    everything = normalizer.between(query, gallery)(table, slice(None), slice(None))
    torch.testing.assert_close(
        normalizer.normalize_pairs(table.diag(), query, gallery), everything.diag(), rtol=1e-4, atol=1e-4
    )


def test_snorm_changes_no_ranking_of_scores_by_its_scale() -> None:
    """With strength 1 a cohort's scale is a stretch and a shift of the normalized scores."""
    query, gallery = faces(5, 1), faces(9, 2)
    normalizer = build(cohort(), 0, method=SNORM, strength=1)
    stretched = build(cohort(), 0, method=SNORM, strength=1)
    stretched._scale = stretched._scale._replace(mean=3.0, deviation=7.0)
    assert torch.equal(ranked(normalizer, query, gallery).indices, ranked(stretched, query, gallery).indices)


def test_equal_faces_in_a_cohort_divide_nothing_by_zero() -> None:
    same = Cohort(faces(1, 0).repeat(6, 1), torch.arange(6))
    ranking = ranked(build(same, 0, method=SNORM, strength=1), faces(3, 1), faces(4, 2))
    assert ranking.scores.isfinite().all()


def test_a_face_like_everybody_is_moved_back() -> None:
    """Two gallery faces are as similar to the query; the one that resembles the cohort comes second."""
    query, common, rare = torch.tensor([[1.0, 0, 0]]), [0.8, 0.6, 0], [0.8, -0.6, 0]
    crowd = torch.tensor([0.0, 1, 0.1]) + 0.1 * faces(24, 0, dimensions=3)
    normalizer = build(replace(cohort(), embedding=crowd), 0)
    assert ranked(normalizer, query, torch.tensor([common, rare])).indices.tolist() == [[1, 0]]
