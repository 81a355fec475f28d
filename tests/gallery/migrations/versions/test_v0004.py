"""A gallery of the version before gets the table, and keeps its people."""

import sqlite3
from pathlib import Path

from fdemd.gallery.database import Database
from fdemd.gallery.versions import VERSION_TABLE, newest_version


def test_an_older_gallery_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE gallery_calibration")
        connection.execute("INSERT INTO gallery_person (name, enrolled) VALUES ('Ann', '2026-01-01 00:00:00.000000')")
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '0003'")
    Database(path).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM gallery_calibration").fetchone() == (0,)
        assert connection.execute("SELECT name FROM gallery_person").fetchone() == ("Ann",)
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() == (newest_version(),)
