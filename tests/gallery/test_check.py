"""A check finds what is wrong, and erases what is left of the deleted."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, text

from fdemd.gallery.gallery import Gallery
from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import Patches, Photograph
from tests.gallery.made_gallery import COMPACT_PIN, PIN, open_made, photograph


@pytest.fixture
def two(gallery: Gallery) -> Gallery:
    for person in ("Ann", "Bob"):
        gallery.enrol(person, photograph(person))
    return gallery


@pytest.mark.parametrize("pin", [PIN, COMPACT_PIN])
def test_a_whole_gallery_has_no_problems(tmp_path: Path, pin: Pin) -> None:
    with open_made(tmp_path / "people.db", pin=pin) as gallery:
        for person in ("Ann", "Bob"):
            gallery.enrol(person, photograph(person))
        found = gallery.check()
    assert (found.people, found.photographs, found.problems, found.notes) == (2, 2, [], [])


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE gallery_photograph SET embedding = zeroblob(256) WHERE id = 1", "of photograph 1 is not a vector"),
        ("UPDATE gallery_photograph SET person_id = 77 WHERE id = 1", "Photograph 1 is of nobody who is enrolled"),
        ("DELETE FROM gallery_patches WHERE photograph_id = 2", "Photograph 2 has no patches"),
        (
            "UPDATE gallery_patches SET data = zeroblob(6) WHERE photograph_id = 2",
            "patches of photograph 2 are of another",
        ),
        (
            "INSERT INTO gallery_patches VALUES (9, 2, 2, zeroblob(128))",
            "patches of a photograph 9, which is not there",
        ),
    ],
)
def test_what_was_tampered_with_is_found(two: Gallery, tmp_path: Path, statement: str, problem: str) -> None:
    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement)
    with open_made(tmp_path / "people.db") as opened:
        assert any(problem in each for each in opened.check().problems)


def test_a_process_that_lags_behind_is_told(two: Gallery, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "people.db") as connection:  # a change without an entry in the log
        connection.execute("DELETE FROM gallery_patches")
        connection.execute("DELETE FROM gallery_photograph")
    assert "open the gallery anew" in two.check().problems[0]


def test_files_that_were_moved_are_noted(two: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "cem.jpg"
    path.write_bytes(photograph("Cem"))
    two.enrol("Cem", path)
    path.unlink()
    assert two.check().notes == [f"1 files of enrolled photographs are not where they were, {path} first."]


def test_whoever_was_removed_is_in_no_file(two: Gallery, tmp_path: Path) -> None:
    """Name, embedding, patches, face and photograph: all bytes are looked for in all files."""
    two.enrol("Zacharias Unmistakable", photograph("Zacharias", shot=3))
    database = two._database
    with database.read() as session:
        row = session.scalars(select(Photograph).order_by(Photograph.id.desc())).first()
        assert row is not None and row.content is not None and row.thumbnail is not None
        patches = session.get(Patches, row.id)
        assert patches is not None
        secrets = [row.embedding[:64], row.content, row.thumbnail[100:200], patches.data[:64], b"Unmistakable"]
        secrets += [row.thumbnail[-200:-100], row.sha256.encode()]

    def left() -> list[bytes]:
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("people.db"))
        return [secret for secret in secrets if secret in content]

    assert left() == secrets
    assert two.remove("Zacharias Unmistakable").erased
    assert left() == []


def test_what_a_reader_kept_from_being_erased_is_erased_by_the_check(two: Gallery, tmp_path: Path) -> None:
    two.rename("Ann", "Unmistakable")
    with two._database.read() as session:
        session.execute(text("SELECT count(*) FROM gallery_person")).scalar()
        assert not two.remove("Unmistakable").erased
    assert two.check().notes == []
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Unmistakable" not in content
