"""A gallery of the first schema is brought to the second with all that is in it."""

import sqlite3
from pathlib import Path

from sqlalchemy import create_engine

from fdemd.gallery.versions import VERSION_TABLE
from tests.gallery.made_gallery import open_made, photograph


def to_the_first(path: Path) -> None:
    """What a gallery of the first schema looked like."""
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE gallery_change DROP COLUMN actor")
        connection.execute("DROP TABLE gallery_key")
        connection.execute("DROP TABLE gallery_moved")
        connection.execute("DROP TABLE gallery_calibration")
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '0001'")


def test_an_older_gallery_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with open_made(path) as gallery:
        gallery.enrol("Ann", photograph("Ann"))
    to_the_first(path)
    with open_made(path) as gallery:
        gallery.enrol("Bob", photograph("Bob"))
        assert [(each.action, each.actor) for each in gallery.changes()] == [("enrolled", None)] * 2
        assert gallery.check().problems == []
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM gallery_key").scalar() == 0
