"""Many clients at once, and several servers and a command line on one gallery."""

import random
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from fdemd.server.client import GalleryClient
from tests.gallery.made_gallery import vector
from tests.server.made_server import Process, open_pictured, picture, run_together, running

CLIENTS, TURNS = 8, 10


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a gallery, of either kind."""
    place = str(tmp_path / "people.db")
    if request.param == "postgresql":
        place = str(request.getfixturevalue("postgres_database"))
    open_pictured(place).close()
    return place


def test_every_answer_belongs_to_its_own_photograph(tmp_path: Path) -> None:
    """Each client has people of its own, whom it enrols, looks for, alone and with others, and removes."""
    with running(tmp_path / "people.db") as server:

        def work(number: int) -> None:
            chosen, there = random.Random(number), set()
            with GalleryClient(server.address) as client:
                for turn in range(TURNS):
                    person = f"client {number} person {chosen.randrange(3)}"
                    others = [f"stranger {number} {turn} {place}" for place in range(chosen.randrange(4))]
                    if person not in there:
                        assert client.enrol(person, picture(person), force=True)[0].status == "enrolled"
                        there.add(person)
                    faces = client.identify(picture(person, *others, shot=turn))
                    # A stranger may be taken for somebody, as 1 in 100 is; what is sure must be of this photograph.
                    assert len(faces) == 1 + len(others) and faces[0].person == person
                    assert faces[0].candidates[0].cosine == pytest.approx(cosine(person, turn), abs=1e-3)
                    assert client.verify(picture(person, shot=1), picture(person, shot=2), fmr=0.01).same
                    if chosen.random() < 0.3:
                        assert client.remove(person).photographs == 1
                        there.discard(person)
                        assert client.identify(picture(person, shot=turn))[0].person != person

        run_together(*(lambda number=number: work(number) for number in range(CLIENTS)))
        with GalleryClient(server.address) as client:
            assert client.check().problems == []


def cosine(person: str, shot: int) -> float:
    """Of the enrolled photograph of a person and another one."""
    one, other = (vector(person, number, 0.2) for number in (0, shot))
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_two_servers_and_a_program_see_each_others_changes_within_a_second(where: str) -> None:
    with (
        running(where) as one,
        running(where) as other,
        open_pictured(where) as here,
        GalleryClient(one.address) as first,
        GalleryClient(other.address) as second,
    ):
        first.enrol("Ann", picture("Ann"))
        assert seen_within(1, lambda: second.identify(picture("Ann", shot=2))[0].person == "Ann")
        assert here.identify(picture("Ann", shot=2))[0].person == "Ann"
        here.rename("Ann", "Anna")
        assert seen_within(1, lambda: first.identify(picture("Ann", shot=2))[0].person == "Anna")
        second.remove("Anna")
        assert seen_within(1, lambda: first.identify(picture("Ann", shot=2))[0].person is None)
        assert here.people() == []
        here.enrol("Bob", picture("Bob"))
        assert [person.name for person in first.people()] == [person.name for person in second.people()] == ["Bob"]


def seen_within(seconds: float, condition: object) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():  # type: ignore[operator]
            return True
    return False


def test_a_server_that_is_stopped_ends_what_runs(tmp_path: Path) -> None:
    with running(tmp_path / "people.db") as server, GalleryClient(server.address) as client:
        client.people()  # the connection is there
        done: list[str] = []

        def enrol() -> None:
            done.extend(each.status for each in client.enrol("Ann", [picture("Ann", shot=n) for n in range(30)]))

        worker = threading.Thread(target=enrol)
        worker.start()
        with open_pictured(tmp_path / "people.db") as gallery:
            assert seen_within(60, lambda: gallery.size[1] > 0)
        server.stop()
        worker.join()
        assert done == ["enrolled"] * 30


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    """One kill; ``test_load`` has twenty, on real photographs."""
    where, there, enough = tmp_path / "people.db", dict[str, bool](), threading.Barrier(5)
    server = Process(where)
    workers = [
        threading.Thread(target=enrol_until_killed, args=(server, str(number), there, enough)) for number in range(4)
    ]
    for worker in workers:
        worker.start()
    enough.wait(60)
    server.kill()
    for worker in workers:
        worker.join()
    with open_pictured(where) as gallery:
        assert_all_there(gallery, there)


def enrol_until_killed(server: Process, prefix: str, there: dict[str, bool], enough: threading.Barrier) -> None:
    """Note what the server said of each person: True for enrolled, False for removed; nothing while it is asked."""
    with GalleryClient(server.address) as client:
        for number in range(1000):
            if number == 5:
                enough.wait(60)
            person = f"{prefix} {number}"
            try:
                client.enrol(person, picture(person), force=True)
                there[person] = True
                if number % 3 == 0:
                    there.pop(person)
                    client.remove(person)
                    there[person] = False
            except InputError as error:
                assert "cannot be reached" in str(error)
                return


def assert_all_there(gallery: Gallery, told: dict[str, bool]) -> None:
    assert gallery.check().problems == []
    people = {person.name: person for person in gallery.people()}
    assert all(len(person.photographs) == 1 for person in people.values())
    assert {name for name, enrolled in told.items() if enrolled} <= set(people)
    assert not {name for name, enrolled in told.items() if not enrolled} & set(people)
