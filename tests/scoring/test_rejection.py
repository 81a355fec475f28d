"""What scales are worth, on queries whose quality and answers are known, against counting one by one."""

import math
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from fdemd.errors import InputError
from fdemd.losses.scale_head import ScaleHead
from fdemd.retrieval.protocol import Labels
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.mixture import Faces, Mixture
from fdemd.scoring.rejection import NORM, ORACLE, PORTIONS, RANDOM, SCALE, SHARES, Rejection, measure_rejection

QUERIES, MISSED = 200, 10


@pytest.fixture(scope="module")
def head() -> ScaleHead:
    return ScaleHead(8, hidden=2, limit=64.0)


def mixture(seed: int = 0) -> Mixture:
    """The higher the logit, the nearer the face to its person and the likelier the right answer."""
    generator = torch.Generator().manual_seed(seed)
    people = torch.arange(QUERIES) % 20
    rows = torch.arange(QUERIES)
    centres = torch.randn(20, 16, generator=generator)
    quality = torch.rand(QUERIES, generator=generator)
    queries = centres[people] + 2 * (1 - quality)[:, None] * torch.randn(QUERIES, 16, generator=generator)
    right = torch.rand(QUERIES, generator=generator) < quality
    return Mixture(
        Faces(queries, Labels(people, rows, -1 - rows), (4 * quality - 2).double()),
        Faces(
            centres.repeat(2, 1),
            Labels(torch.arange(20).repeat(2), torch.arange(40) + 1000, torch.arange(40)),
            torch.ones(40).double(),
        ),
        ("clean", "blur"),
        (quality < 0.5).long(),
        quality,
        {STAGE_1: right, STAGE_2: right | (torch.rand(QUERIES, generator=generator) < 0.3)},
        missed=MISSED,
        lone=3,
    )


@pytest.fixture(scope="module")
def found(head: ScaleHead) -> Rejection:
    return measure_rejection(mixture(), mixture(1), head, seed=0)


def test_what_is_left_equals_counting(found: Rejection) -> None:
    given = mixture()
    queries = [*zip(given.queries.logit.tolist(), given.right[STAGE_1].tolist(), strict=True)]
    queries += [(-math.inf, False)] * MISSED
    queries.sort(key=lambda query: -query[0])
    for portion, rate in zip(PORTIONS.tolist(), found.answered[STAGE_1][SCALE].tolist(), strict=True):
        left = queries[: len(queries) - round(portion * len(queries))]
        assert rate == pytest.approx(sum(right for _, right in left) / len(left))
    area = sum(sum(right for _, right in queries[:count]) / count for count in range(1, len(queries) + 1)) / len(
        queries
    )
    assert found.answered_area[STAGE_1][SCALE] == pytest.approx(area)


def test_an_informed_confidence_lies_between_chance_and_the_oracle(found: Rejection) -> None:
    for areas in (*found.answered_area.values(), *found.accepted_area.values()):
        assert areas[RANDOM] < areas[SCALE] < areas[ORACLE] <= 1


def test_nothing_rejected_is_the_same_for_everyone(found: Rejection) -> None:
    for curves in (*found.answered.values(), *found.accepted.values()):
        assert len({round(float(curve[0]), 9) for curve in curves.values()}) == 1


def test_faces_that_were_not_found_are_counted_as_wrong(found: Rejection) -> None:
    right = mixture().right[STAGE_1].sum().item()
    assert found.queries == QUERIES + MISSED
    assert found.answered[STAGE_1][NORM][0].item() == pytest.approx(right / (QUERIES + MISSED))


def test_re_ranking_the_least_sure_equals_counting(found: Rejection) -> None:
    given = mixture()
    order = sorted(range(QUERIES), key=lambda row: given.queries.logit[row].item())
    for share, rate in zip(SHARES.tolist(), found.reranked[SCALE].tolist(), strict=True):
        chosen = set(order[: round(share * QUERIES)])
        right = [given.right[STAGE_2 if row in chosen else STAGE_1][row].item() for row in range(QUERIES)]
        assert rate == pytest.approx(sum(right) / (QUERIES + MISSED))


def test_scales_are_averaged_by_kind(found: Rejection, head: ScaleHead) -> None:
    given = mixture()
    clean = given.queries.logit[given.kind == 0]
    assert found.logit["clean"] == pytest.approx(clean.mean().item())
    assert found.scale["clean"] == pytest.approx((64 * clean.sigmoid()).mean().item())
    assert found.scale["clean"] > found.scale["blur"]


def test_without_pairs_to_set_the_shift_by_there_is_no_scaled_similarity(head: ScaleHead) -> None:
    other = mixture(1)
    labels = other.gallery.labels
    nobody = Labels(labels.identity + 1000, labels.source, labels.picture)
    other = replace(other, gallery=replace(other.gallery, labels=nobody))
    alone = measure_rejection(mixture(), other, head, seed=0)
    assert (alone.mu, list(alone.similarity)) == (None, ["cosine"])
    with pytest.raises(InputError, match="no pair of one person"):
        measure_rejection(other, mixture(), head, seed=0)


def test_norms_that_are_all_alike_are_no_confidence(head: ScaleHead, found: Rejection) -> None:
    given = mixture()
    queries = replace(given.queries, embedding=normalize(given.queries.embedding))
    unit = measure_rejection(replace(given, queries=queries), mixture(1), head, seed=0)
    assert NORM in found.answered[STAGE_1]
    assert NORM not in unit.answered[STAGE_1]
    assert NORM not in unit.accepted[0.01]


def test_the_shift_comes_from_the_people_trained_on(head: ScaleHead, found: Rejection) -> None:
    other = measure_rejection(mixture(), mixture(2), head, seed=0)
    assert other.mu != found.mu
    assert other.similarity["cosine"] == found.similarity["cosine"]
