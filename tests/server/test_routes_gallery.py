"""What is told of the gallery as a whole."""

import pytest
from fastapi.testclient import TestClient

from fdemd import __version__
from fdemd.errors import InputError
from fdemd.gallery.gallery import Gallery
from tests.server.conftest import Serve
from tests.server.made_server import picture


def test_health_needs_no_key(serve: Serve, keys: dict[str, str]) -> None:
    response = serve().get("/v1/health")
    assert response.json() == {"status": "ok", "version": __version__}


def test_a_database_that_does_not_answer_is_told(
    client: TestClient, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise InputError("The database db.example/people cannot be reached.")

    monkeypatch.setattr(gallery._index, "current", fails)
    response = client.get("/v1/health")
    assert response.status_code == 503
    assert response.json()["error"]["message"] == "The database does not answer.", "its address is nobody's business"


def test_what_is_served(serve: Serve, gallery: Gallery, keys: dict[str, str]) -> None:
    gallery.enrol("Ann", [picture("Ann", shot=shot) for shot in (1, 2)])
    facts = serve(key=keys["read"]).get("/v1/gallery").json()
    assert (facts["backbone"], facts["detector"], facts["patches"], facts["keep"]) == ("made", "yunet", "raw", "bytes")
    assert (facts["people"], facts["photographs"], facts["fpir"], facts["role"]) == (1, 2, 0.01, "read")
    assert facts["limits"]["bytes"] > 2**20
    assert facts["thresholds"]["clean"]["threshold"] == gallery.threshold()
    assert "which 1 stranger in 100 reaches" in facts["thresholds"]["clean"]["sentence"]
    assert facts["worn"] == ["clean", "mask", "sunglass", "crop"]


def test_only_what_was_measured_has_a_threshold(client: TestClient, gallery: Gallery) -> None:
    """Drawing and embedding takes seconds, for which whoever asks what is served need not wait."""
    gallery.enrol("Ann", picture("Ann"))
    assert set(client.get("/v1/gallery").json()["thresholds"]) == {"clean"}
    measured = gallery.threshold(worn="mask")
    assert client.get("/v1/gallery").json()["thresholds"]["mask"]["threshold"] == measured


def test_a_check(client: TestClient, gallery: Gallery) -> None:
    gallery.enrol("Ann", picture("Ann"))
    assert client.post("/v1/check").json() == {"people": 1, "photographs": 1, "problems": [], "notes": []}


def test_the_audit_log_has_keys_and_numbers_and_no_names_of_the_removed(
    serve: Serve, keys: dict[str, str], gallery: Gallery
) -> None:
    client = serve(key=keys["admin"])
    for person in ("Ann", "Bob"):
        client.post("/v1/faces", data={"person": person}, files={"photographs": picture(person)})
    gallery.rename("Bob", "Bobby")
    client.delete("/v1/persons/1")
    changes = client.get("/v1/audit").json()["changes"]
    told = [(each["action"], each["key"], each["person"], each["name"], each["photograph"]) for each in changes]
    assert told == [
        ("removed", "adminer", 1, None, None),
        ("renamed", None, 2, "Bobby", None),
        ("enrolled", "adminer", 2, "Bobby", 2),
        ("enrolled", "adminer", 1, None, 1),
    ]
    first = client.get("/v1/audit", params={"limit": 3}).json()
    rest = client.get("/v1/audit", params={"before": first["next"]}).json()
    assert (len(first["changes"]), len(rest["changes"]), rest["next"]) == (3, 1, None)


def test_figures_for_prometheus(client: TestClient, gallery: Gallery) -> None:
    gallery.enrol("Ann", picture("Ann"))
    client.post("/v1/search", files={"photograph": picture("Ann", shot=2)})
    client.get("/nowhere/Ann")
    text = client.get("/metrics").text
    assert 'fdemd_requests_total{method="POST",route="/v1/search",status="200"} 1.0' in text
    assert 'route="none",status="404"' in text and "nowhere" not in text
    assert 'fdemd_stage_seconds_count{stage="search"}' in text
    assert "fdemd_gallery_people 1.0" in text and "fdemd_gallery_photographs 1.0" in text
