"""Mated and non-mated searches on given features against loops over their definitions."""

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from fdemd.features import Features
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, OFFICIAL, Labels
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.scoring.closed_set import STAGE_1, STAGE_2
from fdemd.scoring.open_set import OpenSetSearch, Searches, measure_open_set, set_thresholds
from fdemd.settings.ranking import EmdRerank

GALLERY_PEOPLE = torch.tensor([0, 0, 0, 1, 1, 2, 3])
"""People 2 and 3 have one photograph each: distractors, and lone once it is left out."""


def features(count: int) -> Features:
    patches = torch.randn(count, 4, 6)
    return Features(patches.mean(1), patches, (2, 2))


@pytest.fixture
def gallery() -> OpenSetSearch:
    rows = torch.arange(len(GALLERY_PEOPLE))
    stages = second_stages(EmdRerank(alpha=0.7, k=4))
    return OpenSetSearch(TwoStageSearch(features(len(rows)), Labels(GALLERY_PEOPLE, rows, rows), stages), rank=2)


def nobody() -> Labels:
    return Labels(*[torch.zeros(0, dtype=torch.long)] * 3)


def occluded() -> Labels:
    """A query made from each photograph of the gallery."""
    rows = torch.arange(len(GALLERY_PEOPLE))
    return Labels(GALLERY_PEOPLE, rows, -1 - rows)


def test_a_non_mated_search_has_the_score_of_its_first_place(gallery: OpenSetSearch) -> None:
    strangers, rows = features(5), torch.arange(100, 105)
    found = gallery.nonmated(strangers, Labels(rows, rows, rows), Labels(*[torch.tensor([200, 201])] * 3))
    cosines = cosine_similarity(strangers.embedding[:, None], gallery.gallery.gallery.embedding[None], dim=2)
    best = [max(row) for row in cosines.tolist()]
    assert found.scores[STAGE_1].tolist() == pytest.approx([*best, -math.inf, -math.inf], abs=1e-6)
    assert (len(found), found.people, found.missed) == (7, 7, 2)


@pytest.mark.parametrize("protocol", [LEAVE_TWIN_OUT, OFFICIAL])
def test_a_mated_search_has_the_best_score_of_its_person_in_the_first_r_places(
    gallery: OpenSetSearch, protocol: str
) -> None:
    query, labels = features(len(GALLERY_PEOPLE)), occluded()
    found, lone = gallery.mated(query, labels, nobody(), [protocol])[protocol]
    cosines = cosine_similarity(query.embedding[:, None], gallery.gallery.gallery.embedding[None], dim=2).tolist()
    people, expected = GALLERY_PEOPLE.tolist(), []
    for row, who in enumerate(people):
        candidates = [face for face in range(len(people)) if protocol == OFFICIAL or face != row]
        if who not in [people[face] for face in candidates]:
            continue
        first = sorted(candidates, key=lambda face: -cosines[row][face])[:2]
        expected.append(max([cosines[row][face] for face in first if people[face] == who], default=-math.inf))
    assert found.scores[STAGE_1].tolist() == pytest.approx(expected, abs=1e-6)
    assert lone == (2 if protocol == LEAVE_TWIN_OUT else 0)


def test_protocols_asked_for_together_give_what_each_gives_alone(gallery: OpenSetSearch) -> None:
    query, labels = features(len(GALLERY_PEOPLE)), occluded()
    together = gallery.mated(query, labels, nobody(), [LEAVE_TWIN_OUT, OFFICIAL])
    for protocol, (found, lone) in together.items():
        alone, alone_lone = gallery.mated(query, labels, nobody(), [protocol])[protocol]
        assert lone == alone_lone
        for stage in (STAGE_1, STAGE_2):
            assert found.scores[stage].tolist() == pytest.approx(alone.scores[stage].tolist(), abs=1e-5)


def test_a_missed_face_is_mated_if_its_person_has_another_photograph_inside(gallery: OpenSetSearch) -> None:
    missed = Labels(torch.tensor([0, 9]), torch.tensor([50, 51]), torch.tensor([-51, -52]))
    ((found, lone),) = gallery.mated(features(7), occluded(), missed, [LEAVE_TWIN_OUT]).values()
    assert found.missed == 1
    assert found.scores[STAGE_2][-1] == -math.inf
    assert found.identity[-1] == 0
    assert (len(found), lone) == (5 + 1, 2 + 1)


def test_rates_at_a_threshold_are_those_of_the_definitions() -> None:
    def drawn(count: int, mean: float) -> Searches:
        scores = torch.randn(count).double() + mean
        scores[-2:] = -torch.inf
        return Searches({STAGE_1: scores}, torch.arange(count) // 2, 2, 0, 0, torch.arange(count), {}, {})

    mated, nonmated = drawn(30, 1), drawn(40, 0)
    thresholds = set_thresholds(nonmated)
    assert thresholds[STAGE_1][1:] == [None, None]
    result = measure_open_set("mask", OFFICIAL, mated, nonmated, 0, thresholds, seed=0)
    point, *others = result.errors[STAGE_1].points
    assert point is not None and others == [None, None]
    threshold = point.threshold
    missed = sum(score < threshold for score in result.mated.scores[STAGE_1].tolist())
    false_alarms = sum(score >= threshold for score in result.nonmated.scores[STAGE_1].tolist())
    assert point.fnir.mean == pytest.approx(missed / 30)
    assert point.fpir.mean == pytest.approx(false_alarms / 40) == pytest.approx(0.1)
    assert point.fnir.low < point.fnir.mean < point.fnir.high
