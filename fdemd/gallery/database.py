"""The database of a gallery: a file of SQLite's or a PostgreSQL server, opened, read and written safely."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from fdemd.errors import InputError
from fdemd.files.user_paths import expand_home
from fdemd.files.writing import cannot_write
from fdemd.gallery.refusals import UnavailableError
from fdemd.gallery.versions import bring_up_to_date, is_empty

_WAIT = 30
"""Seconds that a process waits for another one to finish writing."""
_WAIT_TO_ERASE = 2
"""Seconds that a removal waits for those who read, so that what was removed can be erased; writers wait meanwhile."""
_WRITERS = 7_265_737_231
"""Number of PostgreSQL's advisory lock that writers of a gallery take."""
_WRITES = "fdemd_writes"


class Database:
    """A gallery's database.

    Attributes:
        name: The file, or the server's address without the password, as errors name it.
        where: The file or the whole address, by which other processes open it too.
    """

    def __init__(self, where: str | Path, *, create: bool = True) -> None:
        """Open a database; an empty or older one is brought to the newest schema.

        Args:
            where: Path of an SQLite file, or ``postgresql://USER:PASSWORD@HOST/DATABASE``.
            create: Whether to make a new gallery where there is none.

        Raises:
            InputError: It cannot be reached or written, is damaged, is no gallery, or a newer fdemd made it; or there
                is none and none is to be made.
        """
        url = _url(where)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.name = str(url.database) if self.is_sqlite else url.render_as_string(hide_password=True)
        self.where = str(Path(self.name).absolute()) if self.is_sqlite else str(where)
        if self.is_sqlite:
            _check_file(Path(self.name), create)
        if not self.is_sqlite and find_spec("psycopg") is None:
            raise InputError("Galleries on PostgreSQL need psycopg; pip install 'fdemd[gallery]'.")
        self._engine = create_engine(
            url,
            pool_pre_ping=not self.is_sqlite,
            pool_size=20,
            hide_parameters=True,  # names and faces stand in no message of an error
            connect_args={"timeout": _WAIT} if self.is_sqlite else {},
        )
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        try:
            self._open(create)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections; SQLite then takes its log into the file."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Read in one transaction, which sees no change that is made meanwhile.

        Raises:
            InputError: The database cannot be read.
        """
        with self._told(), self._engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with Session(connection) as session:
                yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Write in one transaction: it is committed at the end of the block, or nothing of it is if the block fails.

        Writers take turns, over all processes. Rows of the change log therefore get their numbers in the order of
        commits. SQLite has one writer at a time anyway, if the transaction says at its beginning that it will write.
        PostgreSQL would let two write at once, and the one with the higher number might commit first, so that a reader
        who asks for what is new skipped the other's: hence the advisory lock, which the server releases only once the
        commit can be seen, and also if the writer is killed.

        Raises:
            InputError: The database cannot be written.
        """
        with self._told(), self._engine.connect() as connection:
            connection = connection.execution_options(**{_WRITES: True})
            with Session(connection) as session, session.begin():
                session.connection()  # begins now, not with the first statement
                if not self.is_sqlite:
                    session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _WRITERS})
                yield session

    def forget_the_deleted(self) -> bool:
        """Take SQLite's log into the file and empty it, so that nothing that was deleted is left in either.

        What is deleted is overwritten with zeros (``secure_delete``). The log keeps older pages until it is emptied,
        for which nobody may be reading. PostgreSQL keeps deleted rows until its next ``VACUUM``, which is asked for.

        Returns:
            Whether it was done; False if another process was reading all the time.
        """
        with self._told(), self._engine.connect() as connection:
            if self.is_sqlite:
                raw: Any = connection.connection.driver_connection
                raw.execute(f"PRAGMA busy_timeout = {_WAIT_TO_ERASE * 1000}")
                busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                raw.execute(f"PRAGMA busy_timeout = {_WAIT * 1000}")
                return not busy
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in ("gallery_person", "gallery_photograph", "gallery_patches"):
                connection.execute(text(f"VACUUM {table}"))
            return True

    def damage(self) -> list[str]:
        """Return what the database itself finds wrong with its pages and references; nothing for PostgreSQL."""
        if not self.is_sqlite:
            return []
        with self._told(), self._engine.connect() as connection:
            found = [row[0] for row in connection.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
            orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
            return found + [f"a row of {row[0]} belongs to a row of {row[2]} that is not there" for row in orphans]

    def _open(self, create: bool) -> None:
        with self._told():
            with self._engine.connect() as connection:
                empty = is_empty(connection)
            if empty and not create:
                raise InputError(f"There is no gallery in {self.name}; enrol somebody first.")
        with self.write() as session:
            connection = session.connection()
            if empty and self.is_sqlite and _has_tables(connection):
                raise InputError(f"{self.name} is a database of something else, no gallery; choose another file.")
            bring_up_to_date(connection, self.name)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what the database refuses as a sentence, unless it is a mistake of fdemd's."""
        try:
            yield
        except DatabaseError as error:
            if (refusal := _refusal(error, self.name)) is None:
                raise
            raise refusal from error


def _url(where: str | Path) -> URL:
    text = str(where)
    if "://" not in text:
        return URL.create("sqlite", database=str(expand_home(text)))
    if not text.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        raise InputError("A gallery lies in a file, or on a server at postgresql://USER:PASSWORD@HOST/DATABASE.")
    try:
        return make_url(text).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError) as error:
        raise InputError(
            "This is no address of a PostgreSQL database: postgresql://USER:PASSWORD@HOST/NAME."
        ) from error


def _check_file(path: Path, create: bool) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file for the gallery, such as {path / 'people.db'}.")
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent} for the gallery {path.name}; make it first.")
    if not path.exists():
        if not create:
            raise InputError(f"There is no gallery {path}; enrol somebody first.")
        try:
            path.touch(mode=0o600)  # faces are for the eyes of their keeper; SQLite's log gets the mode of the file
        except OSError as error:
            raise cannot_write(path, error) from error


def _has_tables(connection: Connection) -> bool:
    return bool(connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar())


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions too late, and end them too early
    for pragma in (
        f"busy_timeout = {_WAIT * 1000}",
        "secure_delete = ON",
        "foreign_keys = ON",
        "journal_mode = WAL",
        "synchronous = FULL",  # what was acknowledged survives a loss of power
        "temp_store = MEMORY",  # nothing of it lies in other files
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _refusal(error: DBAPIError, name: str) -> InputError | None:
    cause = error.orig
    words = " ".join(str(cause).split()).rstrip(".")
    if isinstance(cause, sqlite3.Error):
        if "locked" in words or "busy" in words:
            return UnavailableError(
                f"Another process has been writing to the gallery {name} for {_WAIT} s; try again when it has ended."
            )
        if "not a database" in words:
            return InputError(f"{name} is no gallery: it is not a database of SQLite's.")
        if "malformed" in words or "corrupt" in words:
            return InputError(
                f"The gallery {name} is damaged ({words}); take it from a backup, or enrol the photographs anew."
            )
        if isinstance(error, OperationalError):
            return UnavailableError(f"The gallery {name} cannot be used ({words}).")
        return None
    if isinstance(error, OperationalError):
        return UnavailableError(f"The database {name} cannot be reached ({words}).")
    return None
