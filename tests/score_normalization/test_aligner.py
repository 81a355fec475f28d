"""Aligned cosines against literal formulas in float64, and what must not change them."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cosine_similarity, normalize

from fdemd.retrieval import protocol
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels
from fdemd.retrieval.ranking import NOBODY
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.score_normalization.building import build_aligner
from fdemd.score_normalization.cohort import Cohort
from fdemd.score_normalization.settings import COHORT, IDA, LEARNED, SNORM, VIRTUAL, AlignSettings
from fdemd.score_normalization.snorm import SMALLEST_DEVIATION
from fdemd.score_normalization.support import SupportRule

WAYS = [(IDA, COHORT), (IDA, VIRTUAL), (IDA, LEARNED), (SNORM, COHORT), (SNORM, VIRTUAL)]
RULE = SupportRule(size=4)


def faces(count: int, seed: int, dimensions: int = 8) -> torch.Tensor:
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed))


def cohort(seed: int = 0) -> Cohort:
    return Cohort(faces(24, seed), torch.arange(24) // 3)


def labels(count: int, first: int) -> Labels:
    numbers = torch.arange(first, first + count)
    return Labels(numbers % 5, numbers, numbers)


def ranked(aligner, query: torch.Tensor, gallery: torch.Tensor):
    adjust = aligner.between(query, gallery) if aligner else None
    who = labels(len(query), 100), labels(len(gallery), 0)
    return rank_by_cosine(query, gallery, *who, protocol=LEAVE_TWIN_OUT, depth=len(gallery), adjust=adjust)


def similar(one: torch.Tensor, others: torch.Tensor) -> list[float]:
    """The largest RULE.size cosines of a face, in float64."""
    cosines = cosine_similarity(one.double()[None], others.double())
    return sorted(cosines.tolist(), reverse=True)[: RULE.size]


def moments(cosines: list[float]) -> tuple[float, float]:
    mean = sum(cosines) / len(cosines)
    return mean, math.sqrt(sum((value - mean) ** 2 for value in cosines) / len(cosines))


@given(st.floats(0, 2), st.integers(0, 999))
@settings(max_examples=25, deadline=None)
def test_ida_is_the_cosine_less_the_mean_discrepancy(strength: float, seed: int) -> None:
    known, query, gallery = cohort(seed), faces(3, seed + 1), faces(5, seed + 2)
    aligner = build_aligner(AlignSettings(strength=strength, rule=RULE), known, seed)
    ranking = ranked(aligner, query, gallery)
    for number, (rows, scores) in enumerate(zip(ranking.indices, ranking.scores, strict=True)):
        for row, score in zip(rows, scores, strict=True):
            discrepancies = [moments(similar(face, known.embedding))[0] for face in (query[number], gallery[row])]
            cosine = cosine_similarity(query[number].double(), gallery[row].double(), dim=0).item()
            assert score.item() == pytest.approx(cosine - strength * sum(discrepancies) / 2, abs=1e-5)


@given(st.floats(0, 1), st.integers(0, 999))
@settings(max_examples=25, deadline=None)
def test_snorm_is_the_literal_formula(strength: float, seed: int) -> None:
    known, query, gallery = cohort(seed), faces(3, seed + 1), faces(5, seed + 2)
    aligner = build_aligner(AlignSettings(SNORM, strength, rule=RULE), known, seed)
    own = [
        moments(similar(face, known.embedding[known.person != who]))
        for face, who in zip(known.embedding, known.person, strict=True)
    ]
    centre, spread = (sum(each) / len(own) for each in zip(*own, strict=True))
    ranking = ranked(aligner, query, gallery)
    for number, (rows, scores) in enumerate(zip(ranking.indices, ranking.scores, strict=True)):
        for row, score in zip(rows, scores, strict=True):
            cosine = cosine_similarity(query[number].double(), gallery[row].double(), dim=0).item()
            normalised = 0.0
            for face in (query[number], gallery[row]):
                mean, deviation = moments(similar(face, known.embedding))
                normalised += (cosine - mean) / max(deviation, SMALLEST_DEVIATION) / 2
            expected = (1 - strength) * cosine + strength * (centre + spread * normalised)
            assert score.item() == pytest.approx(expected, abs=1e-4, rel=1e-4)


@pytest.mark.parametrize(("method", "support"), WAYS)
def test_strength_0_is_the_cosine_bit_for_bit(method: str, support: str) -> None:
    query, gallery = faces(6, 1), faces(9, 2)
    aligner = build_aligner(AlignSettings(method, 0, support, RULE), cohort(), 0)
    plain, aligned = ranked(None, query, gallery), ranked(aligner, query, gallery)
    assert torch.equal(plain.indices, aligned.indices)
    assert torch.equal(plain.scores, aligned.scores)


@pytest.mark.parametrize(("method", "support"), WAYS)
def test_permuting_the_gallery_permutes_the_ranking(method: str, support: str) -> None:
    query, gallery, order = faces(6, 1), faces(9, 2), torch.randperm(9)
    aligner = build_aligner(AlignSettings(method, 0.6, support, RULE), cohort(), 0)
    straight, shuffled = ranked(aligner, query, gallery), ranked(aligner, query, gallery[order])
    for one, other in zip(straight.indices, shuffled.indices, strict=True):
        # The protocol bars nobody here, so that both are whole galleries.
        assert one.tolist() == order[other].tolist()
    torch.testing.assert_close(straight.scores, shuffled.scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("method", "support"), WAYS)
def test_tiles_of_any_size_give_one_ranking(method: str, support: str, monkeypatch: pytest.MonkeyPatch) -> None:
    query, gallery = faces(7, 1), faces(11, 2)
    aligner = build_aligner(AlignSettings(method, 0.6, support, RULE), cohort(), 0)
    whole = ranked(aligner, query, gallery)
    monkeypatch.setattr(protocol, "_QUERIES_AT_ONCE", 2)
    monkeypatch.setattr(protocol, "_GALLERY_AT_ONCE", 3)
    tiled = ranked(aligner, query, gallery)
    assert torch.equal(whole.indices, tiled.indices)
    torch.testing.assert_close(whole.scores, tiled.scores, rtol=1e-4, atol=1e-4)
    assert (whole.indices != NOBODY).all()


@pytest.mark.parametrize(("method", "support"), WAYS)
def test_pairs_have_the_scores_of_the_table(method: str, support: str) -> None:
    query, gallery = faces(4, 1), faces(4, 2)
    aligner = build_aligner(AlignSettings(method, 0.6, support, RULE), cohort(), 0)
    table = normalize(query, dim=1) @ normalize(gallery, dim=1).T
    everything = aligner.between(query, gallery)(table, slice(None), slice(None))
    torch.testing.assert_close(aligner.of_pairs(table.diag(), query, gallery), everything.diag(), rtol=1e-4, atol=1e-4)


def test_snorm_changes_no_ranking_of_scores_by_its_scale() -> None:
    """With strength 1 a cohort's scale is a stretch and a shift of the normalised scores."""
    query, gallery = faces(5, 1), faces(9, 2)
    aligner = build_aligner(AlignSettings(SNORM, 1, rule=RULE), cohort(), 0)
    stretched = build_aligner(AlignSettings(SNORM, 1, rule=RULE), cohort(), 0)
    stretched._scale = stretched._scale._replace(mean=3.0, deviation=7.0)
    assert torch.equal(ranked(aligner, query, gallery).indices, ranked(stretched, query, gallery).indices)


def test_equal_faces_in_a_cohort_divide_nothing_by_zero() -> None:
    same = Cohort(faces(1, 0).repeat(6, 1), torch.arange(6))
    ranking = ranked(build_aligner(AlignSettings(SNORM, 1, rule=RULE), same, 0), faces(3, 1), faces(4, 2))
    assert ranking.scores.isfinite().all()


def test_a_face_like_everybody_is_moved_back() -> None:
    """Two gallery faces are as similar to the query; the one that resembles the cohort comes second."""
    query, common, rare = torch.tensor([[1.0, 0, 0]]), [0.8, 0.6, 0], [0.8, -0.6, 0]
    crowd = torch.tensor([0.0, 1, 0.1]) + 0.1 * faces(24, 0, dimensions=3)
    aligner = build_aligner(AlignSettings(rule=RULE), replace(cohort(), embedding=crowd), 0)
    assert ranked(aligner, query, torch.tensor([common, rare])).indices.tolist() == [[1, 0]]
