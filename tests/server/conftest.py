"""Galleries that are served, with and without keys."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from fdemd.gallery.gallery import Gallery
from fdemd.server.keys import create_key
from fdemd.server.limits import Limits
from tests.gallery.conftest import postgres_database, postgres_server  # noqa: F401
from tests.server.made_server import LOCAL, app_of, open_pictured

Serve = Callable[..., TestClient]


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    """An empty gallery in a file."""
    opened = open_pictured(tmp_path / "people.db")
    yield opened
    opened.close()


@pytest.fixture
def serve(gallery: Gallery) -> Iterator[Serve]:
    """Serves the gallery within limits, to the holder of a key if one is given."""
    running: list[TestClient] = []

    def call(limits: Limits | None = None, key: str | None = None) -> TestClient:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        client = TestClient(app_of(gallery, limits), base_url=LOCAL, headers=headers, raise_server_exceptions=False)
        running.append(client)
        client.__enter__()
        return client

    yield call
    for client in running:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serve: Serve) -> TestClient:
    """A client of a server without keys."""
    return serve()


@pytest.fixture
def keys(gallery: Gallery) -> dict[str, str]:
    """A key of each role."""
    with gallery.database.write() as session:
        return {role: create_key(session, f"{role}er", role) for role in ("read", "admin")}
