"""Answers of a cluster are those of one process, to the last candidate and score, or there are none."""

from pathlib import Path

import pytest
import torch

from fdemd.bench.gallery_making import fill
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.gallery.cluster.asking import Patience
from fdemd.gallery.comparing import OutdatedError
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.refusals import UnavailableError
from fdemd.gallery.search import Search
from tests.gallery.cluster.made_shards import made_shards, on_shards
from tests.gallery.made_gallery import COMPACT_PIN, features, open_made, photograph, vector

PEOPLE = ["Ann", "Bob", "Cem", "Dora", "Eve"]


@pytest.fixture
def many(gallery: Gallery) -> Gallery:
    """Five people with two photographs each, and 150 made-up ones with one."""
    for person in PEOPLE:
        gallery.enrol(person, [photograph(person, shot=shot, noise=0.6) for shot in (1, 2)], force=True)
    fill(gallery.database.where, 160)
    return gallery


def queries() -> Features:
    return features([vector(person, 9, 0.8) for person in (*PEOPLE, "a stranger", "another one")])


def test_people_are_those_of_one_process(many: Gallery) -> None:
    fill(many.database.where, 1100)  # more than the first stage looks among
    snapshot, cluster = many._index.current(), on_shards(many, made_shards(many, 3, copies=1))
    for own in (None, snapshot.people[: len(queries())].tolist()):
        expected = many._search.people(queries(), snapshot, own)
        assert cluster._search.people(queries(), cluster._index.current(), own) == expected
        assert [len(line) for line in expected] == [20] * len(queries())
    alone = [Search(many.database, many.pin, None, comparing) for comparing in (None, cluster._comparing)]
    one, other = (search.people(queries()[:2], snapshot) for search in alone)
    assert one == other and min(map(len, one)) > 900


def test_a_gallery_on_shards_does_what_a_gallery_does(many: Gallery) -> None:
    cluster = on_shards(many, made_shards(many, 3, copies=1))
    assert cluster._index.current().embeddings.shape == (160, 0)
    for person in (*PEOPLE, "a stranger"):
        mine, theirs = (each.identify(photograph(person, shot=5)) for each in (many, cluster))
        assert [answer.plain() for answer in theirs] == [answer.plain() for answer in mine]
        if person != "Bob":
            told = [each.enrol(person, photograph("Bob", shot=7))[0].sentence for each in (many, cluster)]
            assert told[0] == told[1] and "it looks like Bob (cosine 0." in told[0]
    assert cluster.size == many.size
    assert cluster.threshold() == many.threshold()
    assert cluster.explain(cluster.identify(photograph("Eve", shot=3))[0]).person == "Eve"
    assert cluster.check().problems == []
    cluster.enrol("Fay", photograph("Fay"))
    assert [answer.person for answer in cluster.identify(photograph("Fay", shot=2))] == ["Fay"]
    cluster.remove("Fay")
    assert [answer.person for answer in cluster.identify(photograph("Fay", shot=2))] == [None]


def test_compact_patches_are_compared_where_they_are(tmp_path: Path) -> None:
    with open_made(tmp_path / "people.db", pin=COMPACT_PIN) as gallery:
        gallery.enrol("Ann", photograph("Ann", shot=1))
        fill(gallery.database.where, 30)
        cluster = on_shards(gallery, made_shards(gallery, 3, copies=1))
        mine, theirs = (each.identify(photograph("Ann", shot=2)) for each in (gallery, cluster))
        assert [answer.plain() for answer in theirs] == [answer.plain() for answer in mine]
        assert mine[0].person == "Ann" and mine[0].candidates[0].emd is not None
        assert cluster.check().problems == []


def test_nobody_is_found_in_an_empty_gallery(gallery: Gallery) -> None:
    cluster = on_shards(gallery, made_shards(gallery, 2, copies=1))
    assert [answer.person for answer in cluster.identify(photograph("Ann"))] == [None]


def test_no_answer_is_made_of_two_states(many: Gallery) -> None:
    shards = made_shards(many, 2, copies=1)
    cluster = on_shards(many, shards)
    before = cluster._index.current()
    many.enrol("Fay", photograph("Fay"))
    late = made_shards(many, 2, copies=1)  # they never saw it without her
    with pytest.raises(OutdatedError):
        on_shards(many, late)._search.people(queries(), before)
    assert on_shards(many, late).identify(photograph("Fay", shot=2))[0].person == "Fay"


def test_a_gallery_that_changes_all_the_time_is_told(many: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = on_shards(many, made_shards(many, 2, copies=1))
    monkeypatch.setattr(cluster._search, "people", lambda *words: (_ for _ in ()).throw(OutdatedError))
    with pytest.raises(UnavailableError, match="changes faster than its shards can be asked; try again"):
        cluster.identify(photograph("Ann"))


def test_a_copy_that_lags_behind_reads_what_it_is_asked_about(many: Gallery) -> None:
    """The two stages may be answered by two copies of a shard, of which the second knew less."""
    shards = made_shards(many, 1)
    cluster = on_shards(many, shards)
    for number in range(4):
        person = f"new {number}"
        many.enrol(person, photograph(person))
        assert cluster.identify(photograph(person, shot=2))[0].person == person


def test_a_dead_copy_changes_no_answer_and_a_dead_shard_leaves_none(many: Gallery) -> None:
    shards = made_shards(many, 2)
    cluster = on_shards(many, shards, Patience(one=0.2, all=0.5))
    expected = many._search.people(queries(), many._index.current())
    shards[0][0].dead = shards[1][1].dead = True
    for _ in range(4):
        assert cluster._search.people(queries(), cluster._index.current()) == expected
    assert cluster.replicas == (2, 4) and many.replicas is None
    shards[0][1].dead = True
    with pytest.raises(UnavailableError, match="Shard 0 of the gallery does not answer"):
        cluster._search.people(queries(), cluster._index.current())
    shards[0][0].dead = False
    assert cluster._search.people(queries(), cluster._index.current()) == expected
    cluster.close()


def test_what_a_shard_refuses_is_told(many: Gallery) -> None:
    cluster = on_shards(many, made_shards(many, 2))
    broken = Features(torch.full((1, 64), torch.nan), queries()[0].patches, queries().grid)
    with pytest.raises(InputError, match="not finite"):
        cluster._search.people(broken, cluster._index.current())
