"""Databases of galleries: a file, and a PostgreSQL server where there is one."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from fdemd.gallery.gallery import Gallery
from tests.gallery import postgres
from tests.gallery.made_gallery import open_made

_NUMBERS = count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of PostgreSQL databases, with a place for the name."""
    given = os.environ.get("FDEMD_TEST_POSTGRES")
    if given:
        yield given.rstrip("/") + "/{}"
        return
    if postgres.programs() is None or postgres.keeper() is None:
        pytest.skip("there is no PostgreSQL: install it, or set FDEMD_TEST_POSTGRES=postgresql://USER@HOST")
    with postgres.server() as address:
        yield address


@pytest.fixture
def postgres_database(postgres_server: str) -> Iterator[str]:
    """An empty database."""
    name = f"fdemd_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(postgres_server.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgres_server.format(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a gallery, of either kind."""
    if request.param == "sqlite":
        return str(tmp_path / "people.db")
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture
def opened() -> Iterator[Callable[[str], Gallery]]:
    """Opens galleries and closes them in the end."""
    galleries = []

    def call(where: str) -> Gallery:
        galleries.append(open_made(where))
        return galleries[-1]

    yield call
    for gallery in galleries:
        gallery.close()


@pytest.fixture
def gallery(tmp_path: Path, opened: Callable[[str], Gallery]) -> Gallery:
    """An empty gallery in a file."""
    return opened(str(tmp_path / "people.db"))
