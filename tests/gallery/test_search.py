"""Both stages over people, beside the public functions that they are made of."""

from pathlib import Path

import pytest
import torch

import fdemd
from fdemd.emd.compact import compact
from fdemd.features import Features
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.pin import Pin
from fdemd.gallery.search import Search, default_rerank
from tests.gallery.made_gallery import COMPACT_PIN, MAP, PIN, features, open_made, photograph, vector

PEOPLE = ["Ann", "Bob", "Cem", "Dora"]


@pytest.fixture
def four(gallery: Gallery) -> Gallery:
    for person in PEOPLE:
        gallery.enrol(person, [photograph(person, shot=shot, noise=0.6) for shot in (1, 2, 3)])
    return gallery


def queries() -> Features:
    return features([vector(person, 9, 0.8) for person in ("Cem", "Ann", "a stranger")])


def enrolled() -> Features:
    return features([vector(person, shot, 0.6) for person in PEOPLE for shot in (1, 2, 3)])


def test_scores_are_those_of_rank_and_rerank(four: Gallery) -> None:
    """The best photograph of each person by cosine, re-ranked: with fdemd.rank and fdemd.emd_similarity by hand."""
    snapshot = four._index.current()
    found = four._search.people(queries(), snapshot)
    cosine = fdemd.rank(queries(), enrolled()).scores.new_zeros(3, 12)
    ranking = fdemd.rank(queries(), enrolled())
    cosine.scatter_(1, ranking.indices, ranking.scores)
    best = cosine.view(3, 4, 3).max(2)
    rows = best.indices + 3 * torch.arange(4)
    emd = fdemd.emd_similarity(queries(), enrolled(), rows).similarity
    mixed = 0.3 * emd + 0.7 * best.values
    for line, expected in zip(found, mixed, strict=True):
        order = expected.argsort(descending=True)
        assert [snapshot.names[match.person] for match in line] == [PEOPLE[place] for place in order]
        torch.testing.assert_close(torch.tensor([m.score for m in line]), expected[order], atol=1e-3, rtol=0)


def test_compact_patches_are_compared_as_evaluations_compare_them(tmp_path: Path) -> None:
    """Of each person one photograph, so that every pair of query and person is one of the table."""
    with open_made(tmp_path / "people.db", pin=COMPACT_PIN) as gallery:
        for person in PEOPLE:
            gallery.enrol(person, photograph(person, shot=1, noise=0.6))
        enrolled = features([vector(person, 1, 0.6) for person in PEOPLE])
        query = compact(queries(), MAP)
        snapshot = gallery._index.current()
        expected = fdemd.emd_similarity(query, compact(enrolled, MAP)).similarity
        for line, of_person in zip(gallery._search.people(query, snapshot), expected, strict=True):
            found = {snapshot.names[match.person]: match.emd for match in line}
            assert found == dict(zip(PEOPLE, of_person.tolist(), strict=True))
        (answer,) = gallery.identify(photograph("Cem", shot=9))
        assert answer.person == "Cem"
        explained = gallery.explain(answer).explanation.emd
        assert explained == pytest.approx(answer.candidates[0].emd, abs=1e-3)


def test_a_person_can_be_barred(four: Gallery) -> None:
    snapshot = four._index.current()
    (number,) = [number for number, name in snapshot.names.items() if name == "Cem"]
    found = four._search.people(queries()[0], snapshot, own=[number])
    assert number not in [match.person for match in found[0]]
    assert len(found[0]) == 3


def test_the_first_stage_alone(four: Gallery) -> None:
    search = Search(four._database, PIN, None)
    assert not search.reranks
    found = search.people(queries(), four._index.current())
    assert all(match.emd is None and match.score == match.cosine for line in found for match in line)


def test_only_so_many_people_are_compared_by_their_patches(four: Gallery) -> None:
    rerank = default_rerank(PIN)
    assert rerank is not None
    search = Search(four._database, PIN, rerank.model_copy(update={"k": 2}))
    assert [len(line) for line in search.people(queries(), four._index.current())] == [2, 2, 2]


def test_whoever_was_removed_since_is_no_answer(four: Gallery) -> None:
    before = four._index.current()
    four.remove("Cem")
    found = four._search.people(queries(), before)
    assert all(before.names[match.person] != "Cem" for line in found for match in line)
    for person in ("Ann", "Bob", "Dora"):
        four.remove(person)
    assert four._search.people(queries(), before) == [[], [], []]


def test_nobody_is_found_in_an_empty_gallery(gallery: Gallery) -> None:
    assert gallery._search.people(queries(), gallery._index.current()) == [[], [], []]


@pytest.mark.parametrize(("patches", "weighting"), [("projected", "norm"), ("raw", "apc")])
def test_the_second_stage_that_a_gallery_gets(patches: str, weighting: str) -> None:
    pin = Pin("made", "random", "made", "insightface", (112, 112), "yunet", patches=patches)
    rerank = default_rerank(pin)
    assert rerank is not None and rerank.weighting == weighting
    assert default_rerank(Pin("made", "random", "made", "insightface", (112, 112), "yunet", patches="none")) is None
