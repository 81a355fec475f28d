"""The client in Python, against a server in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

import fdemd
from fdemd.errors import InputError
from fdemd.server.client import GalleryClient
from fdemd.server.keys import create_key
from tests.server.made_server import Process, open_pictured, picture, process, wait_until_up


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, str]]:
    """A server, and a key of it."""
    where = str(tmp_path_factory.mktemp("served") / "people.db")
    with open_pictured(where) as gallery, gallery.database.write() as session:
        key = create_key(session, "client", "admin")
    with process(where) as server:
        wait_until_up(server.address)
        yield server, key


@pytest.fixture
def remote(served: tuple[Process, str]) -> Iterator[GalleryClient]:
    server, key = served
    with GalleryClient(server.address, key=key) as client:
        yield client
        for person in client.people():
            client.remove(person.id)


def test_it_is_a_public_name() -> None:
    assert fdemd.GalleryClient is GalleryClient


def test_the_verbs_of_a_gallery(remote: GalleryClient, tmp_path: Path) -> None:
    path = tmp_path / "ann.png"
    path.write_bytes(picture("Ann", shot=1))
    done = remote.enrol(
        "Ann", [path, picture("Ann", shot=2), Image.new("RGB", (64, 48)), np.zeros((48, 64, 3), np.uint8)]
    )
    assert [each.status for each in done] == ["enrolled", "enrolled", "refused", "refused"]
    assert done[0].photograph == "ann.png"
    assert remote.enrol("Bob", picture("Bob"))[0].status == "enrolled"
    (answer,) = remote.identify(picture("Ann", shot=3), fpir=0.05, worn="clean", candidates=1)
    assert (answer.person, answer.decision, answer.fpir) == ("Ann", "known", 0.05)
    assert answer.candidates[0].person_id == remote.people()[0].id
    assert remote.explain(picture("Ann", shot=3)).sentence.startswith("Ann: ")
    assert remote.verify(picture("Ann", shot=1), picture("Ann", shot=2), fmr=0.01).same
    remote.rename("Ann", "Anna")
    assert [person.name for person in remote.people()] == ["Anna", "Bob"]
    assert remote.merge("Bob", "Anna") == 1
    (anna,) = remote.people()
    assert remote.remove_photograph(anna.photographs[0].id).erased
    assert remote.check().problems == []
    assert remote.remove("Anna").photographs == 2


def test_what_is_refused_as_a_whole_is_a_list_of_refusals_too(remote: GalleryClient) -> None:
    (done,) = remote.enrol("Ann", picture())
    assert (done.status, done.findings[0].rule) == ("refused", "no face")


def test_mistakes_are_the_servers_sentences(remote: GalleryClient, tmp_path: Path) -> None:
    for mistake, sentence in (
        (lambda: remote.enrol("<b>", picture("Ann")), "signs of markup"),
        (lambda: remote.remove("Ann"), "There is nobody called 'Ann' in the gallery"),
        (lambda: remote.remove(77), "There is no person 77 in the gallery"),
        (lambda: remote.identify(picture("Ann"), fpir=3), "a rate lies between 0 and 1"),
        (lambda: remote.identify(b"text"), "cannot be read: not an image"),
        (lambda: remote.identify(tmp_path / "no.png"), r"no\.png cannot be read \(No such file or directory\)"),
    ):
        with pytest.raises(InputError, match=sentence):
            mistake()


def test_without_a_key(served: tuple[Process, str]) -> None:
    with GalleryClient(served[0].address) as client, pytest.raises(InputError, match="This server wants a key"):
        client.people()
    with GalleryClient(served[0].address, key="fdemd_x") as client, pytest.raises(InputError, match="opens nothing"):
        client.people()


def test_all_pages_are_read(remote: GalleryClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fdemd.server.client._PAGE", 2)
    for number in range(5):
        remote.enrol(f"person {number}", picture(f"person {number}"))
    assert [person.name for person in remote.people()] == [f"person {number}" for number in range(5)]
    assert remote.remove("person 4").photographs == 1


def test_what_answers_may_be_no_gallery(monkeypatch: pytest.MonkeyPatch) -> None:
    client = GalleryClient("http://example.org/")
    page = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>"))
    monkeypatch.setattr(client, "_http", httpx.Client(base_url="http://example.org", transport=page))
    with pytest.raises(InputError, match=r"http://example.org answers with status 200, not like a gallery's server"):
        client.people()
