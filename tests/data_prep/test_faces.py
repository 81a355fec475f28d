"""One photograph becomes one face, or a record that says why not."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.faces import check_preprocessing, face_path, is_face, make_face, write_face
from data_prep.sources import Item, Source
from fdemd.errors import InputError
from fdemd.faces.photographs import NO_FACE, UNREADABLE, Preprocessing
from tests.data_prep.conftest import picture

DLIB = Preprocessing("dlib", (150, 150), "dlib")
ITEM = Item("Ann/1", "Ann", "", 1)


@dataclass(frozen=True)
class OnePicture(Source):
    content: bytes = b""

    def read(self, item: Item) -> bytes:
        return self.content


def white() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (100, 100), "white").save(file, "PNG")
    return file.getvalue()


def test_a_face_is_written_and_known_by_its_record(tmp_path: Path) -> None:
    record = make_face(OnePicture((ITEM,), content=picture(0, 1)), ITEM, DLIB, tmp_path)
    file = tmp_path / face_path("Ann/1")
    assert (record.problem, record.faces) == ("", 1)
    assert Image.open(file).size == (150, 150)
    assert is_face(file, record)
    file.write_bytes(file.read_bytes() + b"0")
    assert not is_face(file, record)


@pytest.mark.parametrize(("content", "problem"), [(white(), NO_FACE), (b"no picture", UNREADABLE)])
def test_a_photograph_without_a_face_is_a_problem(content: bytes, problem: str, tmp_path: Path) -> None:
    record = make_face(OnePicture((ITEM,), content=content), ITEM, DLIB, tmp_path)
    assert record.problem == problem
    assert record.reason
    assert list(tmp_path.iterdir()) == []


def test_a_face_that_is_aligned_already_is_kept_pixel_for_pixel(tmp_path: Path) -> None:
    face = np.random.default_rng(0).integers(0, 255, (112, 112, 3), dtype=np.uint8)
    write_face(face, tmp_path / "face.png")
    source = OnePicture((ITEM,), aligned="insightface", content=(tmp_path / "face.png").read_bytes())
    make_face(source, ITEM, Preprocessing("insightface", (112, 112), "dlib"), tmp_path)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / face_path("Ann/1"))), face)


def test_the_size_is_the_templates_own_if_none_is_given() -> None:
    assert check_preprocessing("insightface", None, "mtcnn") == Preprocessing("insightface", (112, 112), "mtcnn")


@pytest.mark.parametrize(
    ("template", "size", "detector", "sentence"),
    [
        ("insightfac", None, "dlib", "did you mean insightface"),
        ("insightface", (112, 96), "dlib", "or of the same proportions, not 112x96"),
        ("insightface", None, "dlip", "did you mean dlib"),
    ],
)
def test_what_cannot_be_prepared_is_a_sentence(
    template: str, size: tuple[int, int] | None, detector: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        check_preprocessing(template, size, detector)
