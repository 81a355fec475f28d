"""What is searched is what the database has, however it came about."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdemd.gallery import index
from fdemd.gallery.gallery import Gallery
from fdemd.gallery.index import Index, Snapshot
from tests.gallery.made_gallery import photograph


def equal(one: Snapshot, other: Snapshot) -> bool:
    parts = ("embeddings", "photographs", "people")
    same = all(torch.equal(getattr(one, part), getattr(other, part)) for part in parts if len(one) or len(other))
    return same and one.change == other.change and one.names == other.names


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(["enrol", "remove", "rename", "merge", "photograph", "look"]), max_size=14))
def test_changes_lead_to_what_reading_everything_gives(gallery: Gallery, steps: list[str]) -> None:
    watching = Index(gallery._database)
    for number, step in enumerate(steps):
        people = [person.name for person in gallery.people()]
        if step == "enrol":
            gallery.enrol(f"person {number % 3}", photograph(f"{number}", shot=number), force=True)
        elif step == "remove" and people:
            gallery.remove(people[0])
        elif step == "rename" and people:
            gallery.rename(people[0], f"renamed {number} {people[0][-5:]}")
        elif step == "merge" and len(people) > 1:
            gallery.merge(people[0], people[1])
        elif step == "photograph" and people and gallery.people()[0].photographs:
            gallery.remove_photograph(gallery.people()[0].photographs[0].number)
        elif step == "look":
            watching.current()
    assert equal(watching.current(), Index(gallery._database).current())
    for person in gallery.people():
        gallery.remove(person.name)


def test_a_snapshot_does_not_change(gallery: Gallery) -> None:
    watching = Index(gallery._database)
    seen = []
    for number in range(9):  # the room for embeddings grows meanwhile
        gallery.enrol("Ann", photograph(f"{number}"), force=True)
        now = watching.current()
        seen.append((now, now.embeddings.clone(), now.photographs.clone()))
    gallery.remove("Ann")
    assert len(watching.current()) == 0
    for number, (snapshot, embeddings, photographs) in enumerate(seen, start=1):
        assert len(snapshot) == number
        assert torch.equal(snapshot.embeddings, embeddings) and torch.equal(snapshot.photographs, photographs)
        assert snapshot.names == {snapshot.people[0].item(): "Ann"}


def test_nothing_is_read_while_nothing_changes(gallery: Gallery) -> None:
    gallery.enrol("Ann", photograph("Ann"))
    watching = Index(gallery._database)
    assert watching.current() is watching.current()


def test_very_many_changes_are_read_as_a_whole(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, opened: Callable[[str], Gallery]
) -> None:
    monkeypatch.setattr(index, "_MANY", 2)
    watching = Index(gallery._database)
    for number in range(4):
        gallery.enrol(f"person {number}", photograph(f"{number}"))
    assert equal(watching.current(), Index(gallery._database).current())
    assert watching.current().size == 4
