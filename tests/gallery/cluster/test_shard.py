"""A part of a gallery, which follows the change log."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fdemd.errors import InputError
from fdemd.gallery.cluster.shard import Shard
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.index import Index, Part
from fdemd.retrieval.ranking import NOBODY
from tests.gallery.made_gallery import PIN, features, open_made, photograph, vector

PARTS = 2


@pytest.fixture
def six(gallery: Gallery) -> Gallery:
    for number in range(6):  # photographs 1 to 6, each of a person of its own
        gallery.enrol(f"person {number}", photograph(f"person {number}"), force=True)
    return gallery


def part(gallery: Gallery, number: int, of: int = PARTS) -> Shard:
    return Shard(gallery.database.where, gallery.pin, Part(number, of), gallery._search.rerank)


def queries() -> torch.Tensor:
    return features([vector("person 0", 1, 0.2), vector("person 1", 1, 0.2)]).embedding


def newest(gallery: Gallery) -> int:
    return gallery.changes(limit=1)[0].number


def ranked(shard: Shard, change: int) -> list[int]:
    found = shard.rank(change, queries(), None)
    assert found is not None and found.change == change
    return sorted(found.photographs[0].tolist())


def test_parts_are_apart_and_together_the_whole(six: Gallery) -> None:
    found = [ranked(part(six, number), newest(six)) for number in range(PARTS)]
    assert found == [[2, 4, 6], [1, 3, 5]]


def test_a_part_knows_its_faces_after_any_change_that_was_elsewhere(six: Gallery) -> None:
    shard, before = part(six, 0), newest(six)
    six.enrol("Ann", photograph("Ann"), force=True)  # photograph 7 is not of this part
    assert ranked(shard, newest(six)) == ranked(shard, before) == [2, 4, 6]


def test_it_reads_the_change_log_when_it_is_asked_about_a_later_change(six: Gallery) -> None:
    shard, before = part(six, 1), newest(six)
    six.enrol("Ann", photograph("Ann"), force=True)
    assert ranked(shard, newest(six)) == [1, 3, 5, 7]
    assert ranked(shard, before) == [1, 3, 5], "those who looked a moment earlier are answered too"
    six.remove("person 0")
    assert ranked(shard, newest(six)) == [3, 5, 7]


def test_it_says_so_if_it_does_not_know_the_gallery_as_it_was(six: Gallery) -> None:
    before = newest(six)
    six.enrol("Ann", photograph("Ann"), force=True)
    shard = part(six, 1)
    assert shard.rank(before, queries(), None) is None
    assert shard.rank(newest(six) + 1, queries(), None) is None


def test_what_was_removed_has_no_similarity_and_what_is_new_has_one(six: Gallery) -> None:
    shard, query = part(six, 1), features([vector("person 0", 1, 0.2)])
    found = shard.similarities(newest(six), query, torch.tensor([[3, 1, NOBODY]]))
    assert found.isnan().tolist() == [[False, False, True]]
    six.enrol("Ann", photograph("Ann"), force=True)
    six.remove("person 2")
    assert shard.similarities(newest(six), query, torch.tensor([[3, 7]])).isnan().tolist() == [[True, False]]


def test_a_part_may_have_nobody(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    shard = part(gallery, 0)
    found = shard.rank(newest(gallery), queries(), None)
    assert found is not None and found.photographs.shape == (2, 0)


def test_a_database_that_is_put_back_to_an_earlier_state_is_read_anew(six: Gallery, tmp_path: Path) -> None:
    six.close()
    copy = tmp_path / "copy.db"
    shutil.copy(six.database.where, copy)
    shard = part(six, 0)
    six.remove("person 1")
    shard.follow()
    six.close()
    shutil.copy(copy, six.database.where)
    assert ranked(shard, newest(six)) == [2, 4, 6]


def test_a_gallery_of_another_network_is_refused(six: Gallery) -> None:
    other = open_made(Path(six.database.where).with_name("other.db"))
    with pytest.raises(InputError, match="was moved to another network"):
        Shard(other.database.where, replace(PIN, fingerprint="another"), Part(0, 1), None)
    other.close()


def test_it_keeps_what_the_whole_has(six: Gallery) -> None:
    whole, shard = Index(six.database).current(), part(six, 0, 1)
    snapshot = shard._states[-1].snapshot
    assert torch.equal(snapshot.embeddings, whole.embeddings) and torch.equal(snapshot.photographs, whole.photographs)
    assert snapshot.names == {}
