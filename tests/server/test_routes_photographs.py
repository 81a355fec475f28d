"""Answers about photographs, over HTTP as from Python."""

import base64
import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from fdemd.gallery.gallery import Gallery
from tests.server.made_server import picture


@pytest.fixture
def known(client: TestClient, gallery: Gallery) -> TestClient:
    """Ann and Bob are enrolled."""
    for person in ("Ann", "Bob"):
        gallery.enrol(person, picture(person))
    return client


def ask(client: TestClient, path: str, photograph: bytes, **data: object) -> dict:
    response = client.post(path, data=data, files={"photograph": ("query.png", photograph)})
    assert response.status_code == 200, response.text
    return response.json()


def test_every_face_is_answered(known: TestClient, gallery: Gallery) -> None:
    answer = ask(known, "/v1/search", picture("Bob", "a stranger", shot=9, size=(80, 60)))
    assert (answer["width"], answer["height"]) == (80, 60)
    assert [(each["person"], each["decision"]) for each in answer["faces"]] == [("Bob", "known"), (None, "unknown")]
    bob = answer["faces"][0]
    assert bob["candidates"][0]["person"] == "Bob"
    assert bob["candidates"][0]["person_id"] == gallery.person("Bob").number
    (python, _) = gallery.identify(picture("Bob", "a stranger", shot=9))
    assert bob["sentence"] == python.sentence and bob["threshold"] == python.threshold
    assert ask(known, "/v1/search", picture())["faces"] == []


def test_rate_candidates_and_what_is_worn_are_the_visitors_choice(known: TestClient) -> None:
    answer = ask(known, "/v1/search", picture("Ann", shot=2), fpir=0.1, candidates=1, worn="clean")["faces"][0]
    assert (answer["fpir"], len(answer["candidates"])) == (0.1, 1)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"fpir": "2"}, "fpir is 2.0; a rate lies between 0 and 1"),
        ({"fpir": "nan"}, "fpir is nan"),
        ({"fpir": "1e-12"}, "smaller than what"),
        ({"fpir": "much"}, "The fpir of the request is not what it may be"),
        ({"worn": "hat"}, "Unknown kind of query 'hat'"),
        ({"candidates": "0"}, "The candidates of the request is not what it may be"),
    ],
)
def test_values_that_cannot_be(known: TestClient, data: dict, sentence: str) -> None:
    response = known.post("/v1/search", data=data, files={"photograph": picture("Ann")})
    assert response.status_code == 400 and sentence in response.json()["error"]["message"]


def test_a_photograph_that_lies_on_its_side_is_told_upright(known: TestClient) -> None:
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    Image.new("RGB", (64, 48)).save(file, "JPEG", exif=exif)
    answer = ask(known, "/v1/detect", file.getvalue())
    assert answer == {"faces": [], "width": 48, "height": 64}


def test_why(known: TestClient) -> None:
    answer = ask(known, "/v1/explain", picture("Ann", shot=2))
    assert answer["sentence"].startswith("Ann: cosine 0.9")
    assert answer["score"] == pytest.approx(0.3 * answer["emd"] + 0.7 * answer["cosine"])
    assert len(answer["patches"]) == 4
    assert sum(each["contribution"] for each in answer["patches"]) == pytest.approx(answer["emd"], abs=1e-4)
    assert sum(each["weight"] for each in answer["patches"]) == pytest.approx(1, abs=1e-3)
    kind, _, data = answer["picture"].partition(",")
    assert kind == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size[0] > 500


@pytest.mark.parametrize("data", [{"face": 1}, {"candidate": 7}, {"face": -1}])
def test_what_is_not_there_cannot_be_explained(known: TestClient, data: dict) -> None:
    response = known.post("/v1/explain", data=data, files={"photograph": picture("Ann", shot=2)})
    assert response.status_code == 400


def test_two_photographs(known: TestClient) -> None:
    def compare(other: str) -> dict:
        files = {"one": picture("Ann", shot=1), "other": picture(other, shot=2)}
        return known.post("/v1/compare", data={"fmr": "0.01"}, files=files).json()

    same, two = compare("Ann"), compare("Bob")
    assert same["same"] and same["sentence"].startswith("The same person: ")
    assert not two["same"] and two["sentence"].startswith("Two people: ") and two["fmr"] == 0.01
    nobody = known.post("/v1/compare", files={"one": picture(), "other": picture("Ann")})
    assert nobody.status_code == 400 and "No face was found" in nobody.json()["error"]["message"]


def test_faces_and_their_embeddings(known: TestClient, gallery: Gallery) -> None:
    content = picture("Ann", "Bob")
    assert [each["box"][0] for each in ask(known, "/v1/detect", content)["faces"]] == [0, 200]
    faces = ask(known, "/v1/embeddings", content)["faces"]
    vectors = np.array([each["embedding"] for each in faces])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1])
    here = gallery.find_faces(content).faces[0].features.embedding[0].numpy()
    assert vectors[0] @ here / np.linalg.norm(here) == pytest.approx(1)


def test_nothing_of_a_query_is_kept(known: TestClient, gallery: Gallery) -> None:
    before = gallery.changes()
    ask(known, "/v1/search", picture("somebody"))
    assert gallery.changes() == before and gallery.size == (2, 2)
