"""The application as a whole: what it describes, and the page that it serves."""

import json

import pytest
from fastapi.testclient import TestClient
from starlette.formparsers import MultiPartParser

from fdemd.gallery.gallery import Gallery
from fdemd.server import app
from fdemd.server.limits import Limits
from tests.server.conftest import Serve
from tests.server.made_server import picture


def test_every_route_is_described_with_an_example(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    assert description["info"]["title"] == "fdemd gallery"
    operations = [each for methods in description["paths"].values() for each in methods.values()]
    assert all(each["description"] for each in operations)
    schemas = description["components"]["schemas"]
    for name in ("Person", "Enrolled", "Face", "Candidate", "Comparison", "Check", "Change", "Refusal", "NewName"):
        assert schemas[name]["examples"], name


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_no_page_loads_scripts_from_elsewhere(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    folder = tmp_path / "page"
    (folder / "folder.js").mkdir(parents=True)
    (folder / "index.html").write_text("<title>page</title>")
    (folder / "app.js").write_text("// script")
    (folder / "notes.txt").write_text("no part of the page")
    (tmp_path / "secret.js").write_text("secret")
    monkeypatch.setattr(app, "_PAGE", folder)


def test_the_page(page: None, client: TestClient) -> None:
    index, script = client.get("/"), client.get("/page/app.js")
    assert (index.text, index.headers["content-type"]) == ("<title>page</title>", "text/html; charset=utf-8")
    assert (script.text, script.headers["content-type"]) == ("// script", "text/javascript; charset=utf-8")


@pytest.mark.parametrize(
    "path",
    [
        "/page/",
        "/page/notes.txt",
        "/page/folder.js",
        "/page/..%2fsecret.js",
        "/page/%2e%2e%2fsecret.js",
        "/page/..\\secret.js",
        "/page/../secret.js",
        "/page//etc/passwd",
        "/page/%00",
        "/page/app.js%00.html",
        "/page/%F0%9F%98%80" * 200,
    ],
)
def test_nothing_else_has_an_address(page: None, client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404 and response.json()["error"]["code"] == "not_found"


def test_photographs_stay_in_memory(serve: Serve, gallery: Gallery) -> None:
    """Starlette would write larger ones to the disk; nothing of a photograph lies in a file that no deletion finds."""
    serve(Limits(bytes=5_000_000))
    assert MultiPartParser.spool_max_size > 5_000_000


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/search", {"Content-Type": "application/json"}, 415),
        ("/v1/search", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("/v1/search", {}, 415),
        ("/v1/search", {"Content-Type": "multipart/form-data"}, 400),
        ("/v1/search", {"Content-Type": "multipart/form-data; boundary=x"}, 400),
        ("/v1/persons/1/merge", {"Content-Type": "text/plain"}, 415),
        ("/v1/persons/1/merge", {"Content-Type": "application/json"}, 400),
    ],
)
def test_bodies_of_another_kind(client: TestClient, path: str, headers: dict[str, str], status: int) -> None:
    response = client.post(path, content=b"{]", headers=headers)
    assert response.status_code == status
    assert response.json()["error"]["message"].endswith(".")


HOSTILE = [
    "<script>alert(1)</script>",
    "Ann\x00Lee",
    "Ann\nLee",
    "\u202eeeL nnA",
    "",
    "   ",
    "x" * 201,
    "\ud800",
    "\x1b[2J",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_are_none(client: TestClient, gallery: Gallery, name: str) -> None:
    gallery.enrol("Ann", picture("Ann"))
    body = json.dumps({"name": name})  # escapes what is no character
    response = client.patch("/v1/persons/1", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    if "\ud800" not in name:
        files = {"photographs": picture("Bob")}
        response = client.post("/v1/faces", data={"person": name}, files=files)
        assert response.status_code == 400 and "<script>" not in response.headers.get("content-type", "")
    assert [person.name for person in gallery.people()] == ["Ann"]


@pytest.mark.parametrize(
    "name", ["'; DROP TABLE gallery_person; --", '" OR 1=1', "D'Arcy", "../../etc", "李 Ann", "%s{}"]
)
def test_names_that_are_odd_and_right(client: TestClient, gallery: Gallery, name: str) -> None:
    response = client.post("/v1/faces", data={"person": name}, files={"photographs": picture("Ann")})
    assert response.json()["person"]["name"] == name
    assert [each["name"] for each in client.get("/v1/persons", params={"name": name}).json()["persons"]] == [name]
    face = client.post("/v1/search", files={"photograph": picture("Ann", shot=2)}).json()["faces"][0]
    assert face["person"] == name
    assert gallery.check().problems == []
