"""What can be wrong with a database is told in a sentence; what is deleted is not in its files."""

import os
import sqlite3
import stat
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import delete, func, select

from fdemd.errors import InputError
from fdemd.gallery import database
from fdemd.gallery.database import Database
from fdemd.gallery.schema import Change, Person


def damaged(path: Path) -> None:
    Database(path).close()
    content = bytearray(path.read_bytes())
    content[4096:8192] = os.urandom(4096)
    path.write_bytes(content)


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b"no database" * 1000), "is no gallery: it is not a database of SQLite's"),
        (damaged, "is damaged|cannot be used"),
        (of_another_program, "is a database of something else, no gallery"),
        (Path.mkdir, "is a folder; name a file for the gallery"),
    ],
)
def test_a_file_that_is_no_gallery_is_told(spoil: object, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    spoil(path)  # type: ignore[operator]
    with pytest.raises(InputError, match=sentence):
        Database(path)


def test_a_gallery_is_not_made_by_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no gallery .*; enrol somebody first"):
        Database(tmp_path / "people.db", create=False)
    with pytest.raises(InputError, match="There is no folder"):
        Database(tmp_path / "nowhere" / "people.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("mysql://localhost/people", "A gallery lies in a file, or on a server at postgresql://"),
        ("postgresql://localhost:port/people", "no address of a PostgreSQL database"),
        ("postgresql://ann:secret@127.0.0.1:1/people", "127.0.0.1:1/people cannot be reached"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told_without_its_password(where: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        Database(where)
    assert "secret" not in str(error.value)


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    Database(tmp_path / "people.db").close()
    assert stat.S_IMODE((tmp_path / "people.db").stat().st_mode) == 0o600


def test_a_transaction_is_whole_or_nothing(where: str) -> None:
    opened = Database(where)
    with pytest.raises(RuntimeError, match="half-way"), opened.write() as session:
        session.add(Person(name="Ann"))
        session.flush()
        raise RuntimeError("half-way")
    with opened.read() as session:
        assert session.scalar(select(func.count(Person.id))) == 0
    opened.close()


def test_a_reader_sees_one_state(where: str) -> None:
    opened = Database(where)
    with opened.read() as session:
        before = session.scalar(select(func.count(Person.id)))
        with opened.write() as other:
            other.add(Person(name="Ann"))
        assert session.scalar(select(func.count(Person.id))) == before == 0
    with opened.read() as session:
        assert session.scalar(select(func.count(Person.id))) == 1
    opened.close()


def test_numbers_of_changes_rise_in_the_order_of_commits(where: str) -> None:
    """A writer who comes second waits, and gets the higher number only once the first has committed."""
    opened = Database(where)
    began, told = Event(), []

    def second() -> None:
        began.set()
        with opened.write() as session:
            change = Change(action="enrolled", person_id=2)
            session.add(change)
            session.flush()
            told.append(change.id)

    thread = Thread(target=second)
    with opened.write() as session:
        change = Change(action="enrolled", person_id=1)
        session.add(change)
        session.flush()
        told.append(change.id)
        thread.start()
        began.wait()
        thread.join(0.3)
        assert thread.is_alive() and len(told) == 1
    thread.join()
    assert told == sorted(told) and len(told) == 2
    opened.close()


def test_whoever_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_WAIT", 0)
    one, other = Database(tmp_path / "people.db"), Database(tmp_path / "people.db")
    with one.write(), pytest.raises(InputError, match="Another process has been writing"), other.write():
        pass


def test_what_is_deleted_is_not_in_the_files(tmp_path: Path) -> None:
    opened = Database(tmp_path / "people.db")
    with opened.write() as session:
        session.add_all([Person(name=f"Nobody {number} knows this name") for number in range(500)])
    with opened.write() as session:
        session.execute(delete(Person))
    with opened.read() as session:
        session.scalar(select(func.count(Person.id)))
        assert not opened.forget_the_deleted()  # somebody reads, and may need the old pages
    assert opened.forget_the_deleted()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"knows this name" not in content
    assert opened.damage() == []
    opened.close()
