"""Whatever is sent: an answer of the four hundreds with a sentence, never one of the five hundreds."""

import string
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdemd.gallery.gallery import Gallery
from tests.server.made_server import app_of, picture

PATHS = [
    "/v1/health",
    "/v1/gallery",
    "/v1/persons",
    "/v1/persons/1",
    "/v1/persons/1/merge",
    "/v1/faces",
    "/v1/faces/1",
    "/v1/faces/1/picture",
    "/v1/search",
    "/v1/explain",
    "/v1/compare",
    "/v1/detect",
    "/v1/embeddings",
    "/v1/check",
    "/v1/audit",
]
FIELDS = ["photograph", "photographs", "person", "face", "force", "fpir", "worn", "candidates", "one", "other", "fmr"]
values = st.text(max_size=40) | st.integers().map(str) | st.floats().map(str) | st.sampled_from(["", "null", "1e400"])
contents = st.binary(max_size=60) | st.sampled_from(
    [picture("Ann"), picture(), picture("Ann", "Bob"), picture("Ann")[:60], b"GIF89a", b"\xff\xd8\xff\xe0" + bytes(20)]
)
EXAMPLES = 300
"""Requests of the fuzzer for each route."""
ours = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_told(response: Any) -> None:
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        error = response.json()["error"]
        assert error["message"].endswith(".") and error["code"] and error["request_id"]


@ours
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"]),
    data=st.dictionaries(st.sampled_from(FIELDS), values, max_size=4),
    files=st.lists(st.tuples(st.sampled_from(FIELDS), contents), max_size=3),
)
def test_forms(client: TestClient, path: str, method: str, data: dict, files: list) -> None:
    data = {name: value.encode("utf-8", "ignore").decode() for name, value in data.items()}
    response = client.request(method, path, data=data, files=[(name, ("f", each)) for name, each in files])
    if method != "HEAD":
        assert_told(response)


@ours
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["POST", "PATCH", "DELETE"]),
    body=st.binary(max_size=80)
    | st.sampled_from([b'{"name": 1}', b'{"name": "\\ud800"}', b"[" * 5000, b'{"into": 1e999}']),
    kind=st.sampled_from(
        ["application/json", "multipart/form-data; boundary=x", "text/plain", "a/b; charset=\xff", ""]
    ),
)
def test_bodies(client: TestClient, path: str, method: str, body: bytes, kind: str) -> None:
    headers = {"Content-Type": kind.encode("latin-1")} if kind else {}
    assert_told(client.request(method, path, content=body, headers=headers))


@ours
@given(
    path=st.sampled_from(["/v1/persons", "/v1/audit"]),
    query=st.dictionaries(st.sampled_from(["limit", "after", "before", "name"]), values, max_size=3),
)
def test_queries(client: TestClient, path: str, query: dict) -> None:
    query = {name: value.encode("utf-8", "ignore") for name, value in query.items()}
    assert_told(client.get(path, params=query))


@ours
@given(
    st.text(string.printable, max_size=60) | st.integers(-(10**30), 10**30).map(lambda number: f"v1/persons/{number}")
)
def test_addresses(client: TestClient, path: str) -> None:
    assert_told(client.get("/" + quote(path)))
    assert_told(client.get("/page/" + quote(path, safe="")))


def test_nothing_of_it_was_written(client: TestClient, gallery: Gallery) -> None:
    """A request that is refused leaves nothing: neither a person without photographs nor an entry in the log."""
    for data, files in (
        ({"person": "Ann"}, [("photographs", ("f", b"x"))]),
        ({"person": "Ann", "face": "7"}, [("photographs", ("f", picture("Ann")))]),
        ({"person": "<b>"}, [("photographs", ("f", picture("Ann")))]),
        ({"person": "Ann", "face": "x"}, [("photographs", ("f", picture("Ann")))]),
    ):
        assert client.post("/v1/faces", data=data, files=files).status_code == 400
    assert gallery.size == (0, 0) and gallery.changes() == []


@pytest.mark.slow
def test_a_fuzzer_over_the_description(gallery: Gallery) -> None:
    """Schemathesis reads ``/openapi.json`` and sends what it allows and what it does not, for some minutes."""
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: pip install schemathesis")
    gallery.enrol("Ann", picture("Ann"))
    here = {"Host": "127.0.0.1"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", app_of(gallery), headers=here)
    statuses: Counter[int] = Counter()
    for operation in schema.get_all_operations():

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
        @given(case=operation.ok().as_strategy())
        def fuzz(case: Any) -> None:
            response = case.call(headers={**case.headers, **here})
            statuses[response.status_code] += 1
            assert response.status_code < 500, response.text

        fuzz()
    print(statuses)
    assert {200, 400, 404} <= set(statuses)
