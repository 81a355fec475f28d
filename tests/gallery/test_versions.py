"""Databases of other versions, and of other programs."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from fdemd.errors import InputError
from fdemd.gallery.database import Database
from fdemd.gallery.versions import VERSION_TABLE, bring_up_to_date, is_empty, newest_version


def test_a_new_database_gets_the_newest_schema_once(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'people.db'}")
    with engine.begin() as connection:
        assert is_empty(connection)
        bring_up_to_date(connection, "people.db")
        bring_up_to_date(connection, "people.db")
        assert not is_empty(connection)
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() == newest_version()


def test_a_newer_one_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(InputError, match=r"has version 9999 of the schema, .* a newer fdemd made it; upgrade fdemd"):
        Database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [("9999",)]


def test_one_without_a_version_is_no_gallery(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"DROP TABLE {VERSION_TABLE}")
    with pytest.raises(InputError, match="does not say which version"):
        Database(path)
