"""Enrolling and removing over HTTP: what is answered, and what is wrong with what is sent."""

import io

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from fdemd.gallery.gallery import Gallery
from tests.server.conftest import Serve
from tests.server.made_server import open_pictured, picture


def enrol(client: TestClient, person: str, *photographs: bytes, **data: str) -> dict:
    files = [("photographs", (f"{number}.png", each)) for number, each in enumerate(photographs)]
    return client.post("/v1/faces", data={"person": person, **data}, files=files).json()


def test_photographs_are_enrolled_each_for_itself(client: TestClient) -> None:
    files = [
        ("photographs", ("one.png", picture("Ann"))),
        ("photographs", ("text.png", b"no image")),
        ("photographs", ("nobody.png", picture())),
    ]
    response = client.post("/v1/faces", data={"person": "Ann Lee"}, files=files)
    assert response.status_code == 201
    answer = response.json()
    assert answer["person"]["name"] == "Ann Lee"
    assert answer["person"]["enrolled"].endswith("Z"), "a browser must not take UTC for its own time"
    assert [each["status"] for each in answer["enrolled"]] == ["enrolled", "refused", "refused"]
    assert [each["photograph"] for each in answer["enrolled"]] == ["one.png", "text.png", "nobody.png"]
    assert [each["id"] for each in answer["enrolled"]] == [1, None, None]
    assert answer["enrolled"][1]["findings"][0]["rule"] == "unreadable"
    assert answer["enrolled"][2]["sentence"] == "The photograph was refused: no face was found in it."
    again = client.post("/v1/faces", data={"person": "Ann Lee"}, files=files[:1])
    assert (again.status_code, again.json()["enrolled"][0]["status"]) == (201, "known")


def test_if_nothing_is_enrolled_it_is_an_error_with_reasons(client: TestClient) -> None:
    response = client.post("/v1/faces", data={"person": "Ann"}, files={"photographs": ("a.png", picture("Ann", "Bob"))})
    assert response.status_code == 400
    answer = response.json()
    assert answer["person"] is None
    assert answer["enrolled"][0]["findings"][0]["rule"] == "several faces"
    assert answer["error"]["message"].startswith("Nothing was enrolled. The photograph was refused: it shows 2 faces")
    assert client.get("/v1/persons").json() == {"persons": [], "next": None}


def test_a_face_can_be_named_and_the_gate_be_passed(client: TestClient, gallery: Gallery) -> None:
    both = picture("Ann", "Bob")
    assert enrol(client, "Bob", both, face="1")["enrolled"][0]["status"] == "enrolled"
    assert enrol(client, "Ann", both, force="true")["enrolled"][0]["status"] == "enrolled"
    assert [each.person for each in gallery.identify(picture("Bob", "Ann", shot=3))] == ["Bob", "Ann"]


def test_people_are_listed_a_page_at_a_time(client: TestClient) -> None:
    for person in ("Zoë", "Ann Lee", "Bob Lee"):
        enrol(client, person, picture(person))
    first = client.get("/v1/persons", params={"limit": 2}).json()
    assert [each["name"] for each in first["persons"]] == ["Zoë", "Ann Lee"]
    rest = client.get("/v1/persons", params={"limit": 2, "after": first["next"]}).json()
    assert ([each["name"] for each in rest["persons"]], rest["next"]) == (["Bob Lee"], None)
    found = client.get("/v1/persons", params={"name": "LEE"}).json()
    assert [each["name"] for each in found["persons"]] == ["Ann Lee", "Bob Lee"]
    assert client.get("/v1/persons", params={"name": "%"}).json()["persons"] == []
    one = client.get(f"/v1/persons/{rest['persons'][0]['id']}").json()
    assert one == rest["persons"][0]
    assert set(one["photographs"][0]) == {"id", "path", "sha256", "enrolled"}


def test_renaming_merging_removing(client: TestClient) -> None:
    ann, bob = (enrol(client, person, picture(person))["person"] for person in ("Ann", "Bob"))
    assert client.patch(f"/v1/persons/{ann['id']}", json={"name": " Anna "}).json()["name"] == "Anna"
    taken = client.patch(f"/v1/persons/{ann['id']}", json={"name": "Bob"})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "taken")
    assert client.post(f"/v1/persons/{bob['id']}/merge", json={"into": ann["id"]}).json() == {"photographs": 1}
    with_both = client.get(f"/v1/persons/{ann['id']}").json()
    assert len(with_both["photographs"]) == 2
    removed = client.delete(f"/v1/faces/{with_both['photographs'][0]['id']}")
    assert removed.json() == {"photographs": 1, "erased": True}
    assert client.delete(f"/v1/persons/{ann['id']}").json() == {"photographs": 1, "erased": True}
    assert client.get("/v1/persons").json()["persons"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/persons/7", None),
        ("PATCH", "/v1/persons/7", {"name": "Ann"}),
        ("POST", "/v1/persons/7/merge", {"into": 8}),
        ("DELETE", "/v1/persons/7", None),
        ("DELETE", "/v1/faces/7", None),
        ("GET", "/v1/faces/7/picture", None),
        ("DELETE", f"/v1/persons/{2**63 - 1}", None),
    ],
)
def test_whoever_is_not_there_is_told(client: TestClient, method: str, path: str, body: dict | None) -> None:
    response = client.request(method, path, json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert "There is no p" in response.json()["error"]["message"]


def test_one_person_cannot_be_merged_with_themselves(client: TestClient) -> None:
    ann = enrol(client, "Ann", picture("Ann"))["person"]["id"]
    response = client.post(f"/v1/persons/{ann}/merge", json={"into": ann})
    assert response.status_code == 400 and "Two people are needed" in response.json()["error"]["message"]


def test_the_picture_of_a_face(client: TestClient, serve: Serve, tmp_path) -> None:
    number = enrol(client, "Ann", picture("Ann"))["enrolled"][0]["id"]
    response = client.get(f"/v1/faces/{number}/picture")
    assert response.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(response.content)).size == (112, 112)


def test_a_gallery_that_keeps_no_pictures_has_none_to_show(tmp_path) -> None:
    from dataclasses import replace

    from tests.gallery.made_gallery import PIN
    from tests.server.made_server import LOCAL, app_of

    with open_pictured(tmp_path / "none.db", pin=replace(PIN, keep="none")) as gallery:
        client = TestClient(app_of(gallery), base_url=LOCAL)
        number = enrol(client, "Ann", picture("Ann"))["enrolled"][0]["id"]
        response = client.get(f"/v1/faces/{number}/picture")
        assert response.status_code == 404 and "keeps nothing of photographs" in response.json()["error"]["message"]
