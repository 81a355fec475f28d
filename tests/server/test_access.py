"""Who may ask, and for what."""

import pytest
from fastapi.testclient import TestClient

from fdemd.gallery.gallery import Gallery
from fdemd.server.access import Access, is_local
from fdemd.server.keys import ADMIN, READ, create_key, revoke_key
from fdemd.server.problems import Problem
from tests.server.conftest import Serve
from tests.server.made_server import LOCAL, picture

READING = [
    ("GET", "/v1/gallery"),
    ("GET", "/v1/persons"),
    ("GET", "/v1/persons/1"),
    ("GET", "/v1/faces/1/picture"),
    ("POST", "/v1/search"),
    ("POST", "/v1/explain"),
    ("POST", "/v1/compare"),
    ("POST", "/v1/detect"),
    ("POST", "/v1/embeddings"),
    ("GET", "/metrics"),
]
ADMINISTERING = [
    ("PATCH", "/v1/persons/1"),
    ("POST", "/v1/persons/1/merge"),
    ("DELETE", "/v1/persons/1"),
    ("POST", "/v1/faces"),
    ("DELETE", "/v1/faces/1"),
    ("POST", "/v1/check"),
    ("GET", "/v1/audit"),
]
PUBLIC = [("GET", "/v1/health")]


def test_every_route_has_its_role(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"].items()
    routes = {(method.upper(), path.replace("{id}", "1")) for path, methods in paths for method in methods}
    assert routes == {*READING, *ADMINISTERING, *PUBLIC}


@pytest.mark.parametrize("header", [None, "Bearer fdemd_guess", "Basic QW5uOnNlY3JldA==", "Bearer", "Bearer \udce4"])
def test_without_a_key_nothing_is_answered(serve: Serve, keys: dict[str, str], header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("utf-8", "surrogateescape")}
    client = serve()
    for method, path in [*READING, *ADMINISTERING]:
        response = client.request(method, path, headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (401, "no_key"), (method, path)
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_for_reading_changes_nothing(serve: Serve, keys: dict[str, str], gallery: Gallery) -> None:
    gallery.enrol("Ann", picture("Ann"))
    client = serve(key=keys["read"])
    for method, path in ADMINISTERING:
        response = client.request(method, path)
        assert response.status_code == 403, (method, path)
        said = response.json()["error"]["message"]
        assert said == "The key 'reader' has the role read, and this needs the role admin."
    assert gallery.size == (1, 1)


@pytest.mark.parametrize("role", [READ, ADMIN])
def test_both_keys_read(serve: Serve, keys: dict[str, str], role: str) -> None:
    client = serve(key=keys[role])
    for method, path in READING:
        assert client.request(method, path).status_code not in (401, 403), (method, path)


def test_a_key_that_is_revoked_opens_nothing_from_then_on(serve: Serve, keys: dict[str, str], gallery: Gallery) -> None:
    client = serve(key=keys["read"])
    assert client.get("/v1/persons").is_success
    with gallery.database.write() as session:
        revoke_key(session, "reader")
    assert client.get("/v1/persons").status_code == 401


def test_the_first_key_closes_an_open_server_for_good(gallery: Gallery) -> None:
    access = Access(gallery.database, keyless=True)
    assert access.admit(None).role == ADMIN
    with gallery.database.write() as session:
        key = create_key(session, "Ann", READ)
    with pytest.raises(Problem, match="This server wants a key"):
        access.admit(None)
    assert access.admit(f"bearer {key}").name == "Ann"


def test_revoking_the_last_key_opens_no_server(gallery: Gallery) -> None:
    with gallery.database.write() as session:
        create_key(session, "Ann", READ)
    access = Access(gallery.database, keyless=False)
    with gallery.database.write() as session:
        revoke_key(session, "Ann")
    with pytest.raises(Problem):
        access.admit(None)


@pytest.mark.parametrize(
    "host", ["example.org", "example.org:8000", "localhost.example.org", "0.0.0.0:8000", "", "a:b:c"]
)
def test_a_server_without_keys_answers_under_no_other_name(client: TestClient, host: str) -> None:
    """A page could let a name of its own point to this machine (DNS rebinding), and read the answers."""
    for path in ("/v1/persons", "/", "/openapi.json"):
        response = client.get(path, headers={"Host": host})
        assert response.status_code == 403 and "make a key first" in response.json()["error"]["message"]


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_server_without_keys_answers_nobody_behind_a_proxy(client: TestClient, name: str) -> None:
    """Some proxies say in Host that they mean this machine, whoever asks them."""
    response = client.get("/v1/persons", headers={name: "203.0.113.7"})
    assert response.status_code == 403 and "behind a proxy" in response.json()["error"]["message"]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000", "[::1]", "127.0.0.1"])
def test_its_own_names(client: TestClient, host: str) -> None:
    assert client.get("/v1/persons", headers={"Host": host}).is_success


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9000"},
        {"Origin": "http://localhost:8000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_from_elsewhere_changes_nothing(client: TestClient, gallery: Gallery, headers: dict[str, str]) -> None:
    """What a form of such a page may send without asking: multipart. Everything else a browser asks for beforehand."""
    files = {"photographs": picture("Ann")}
    response = client.post("/v1/faces", data={"person": "Ann"}, files=files, headers=headers)
    assert response.status_code == 403 and "page of another server" in response.json()["error"]["message"]
    assert gallery.size == (0, 0)
    asked = client.options("/v1/persons/1", headers={**headers, "Access-Control-Request-Method": "DELETE"})
    assert not any(name.startswith("access-control-allow") for name in asked.headers)


def test_the_servers_own_page_may_write(client: TestClient) -> None:
    headers = {"Origin": LOCAL, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/check", headers=headers).is_success


def test_with_keys_the_name_does_not_matter(serve: Serve, keys: dict[str, str]) -> None:
    response = serve(key=keys["read"]).get("/v1/persons", headers={"Host": "faces.example.org"})
    assert response.is_success


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"])
def test_addresses_of_this_machine(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "", "127.0.0.1.example.org"])
def test_addresses_that_others_reach(host: str) -> None:
    assert not is_local(host)
