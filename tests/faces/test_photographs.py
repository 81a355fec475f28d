"""From a photograph to a face: nothing is searched for in vain, and one that cannot be coped with costs no other."""

import pickle

import cv2
import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.faces import landmarks, photographs
from fdemd.faces.alignment import TEMPLATES
from fdemd.faces.photographs import Preprocessing, advice_on_losses, extract_face, extract_faces, many_lost
from fdemd.faces.reading import UnreadableImageError, read_image

PREPROCESSING = Preprocessing("dlib", (150, 150), "dlib")
PICTURE = np.zeros((20, 30, 3), np.uint8)


@pytest.mark.parametrize(
    "raised", [cv2.error("OpenCV(4)\n > !dsize.empty()"), RuntimeError("bad"), MemoryError(), TypeError("odd")]
)
@pytest.mark.parametrize("step", ["find_face", "align"])
def test_a_detector_that_fails_is_a_reason_in_words(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, step: str
) -> None:
    def fails(*_: object) -> None:
        raise raised

    monkeypatch.setattr(photographs, "find_face", lambda *_: object())
    monkeypatch.setattr(photographs, step, fails)
    with pytest.raises(UnreadableImageError, match=r"^no face can be looked for in 30x20 pixels: [^\n]+$"):
        extract_face(PICTURE, PREPROCESSING, aligned=False)


@pytest.mark.parametrize("raised", [InputError("no such detector"), OSError("weights"), ImportError("torch")])
def test_what_is_not_the_pictures_fault_ends_the_run(monkeypatch: pytest.MonkeyPatch, raised: Exception) -> None:
    def fails(*_: object) -> None:
        raise raised

    monkeypatch.setattr(photographs, "find_face", fails)
    with pytest.raises(type(raised)):
        extract_face(PICTURE, PREPROCESSING, aligned=False)


@pytest.mark.parametrize(("without", "of", "many"), [(5, 100, False), (6, 100, True), (0, 0, False), (1, 1, True)])
def test_more_than_5_percent_without_a_face_are_many(without: int, of: int, many: bool) -> None:
    assert many_lost(without, of) is many


def test_what_to_do_about_many_losses_names_the_option_and_the_column() -> None:
    assert "another --detector" in advice_on_losses("--") and "column aligned" in advice_on_losses("--")


def test_a_weak_face_of_a_tight_crop_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = orl_manifest()
    image = read_image(manifest.file(manifest.photographs[0]))
    sure = extract_face(image, Preprocessing("dlib", (150, 150), "yunet"), aligned=False)
    monkeypatch.setattr("fdemd.faces.yunet._SURE", 0.99)
    weak = extract_face(image, Preprocessing("dlib", (150, 150), "yunet"), aligned=False)
    assert (sure.faces, sure.weak) == (1, False)
    assert (weak.faces, weak.weak) == (1, True)


@pytest.mark.parametrize("template", ["insightface", "box_160", "paper_160"])
def test_landmarks_are_not_searched_for_before_they_are_asked_for(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = read_image(orl_manifest().root / "s1/1.pgm")
    expected = extract_face(image, Preprocessing(template, TEMPLATES[template].frame, "yunet"), aligned=False).face
    assert expected is not None and expected.landmarks.shape == (68, 2)
    calls: list[int] = []
    real = landmarks.find_landmarks
    monkeypatch.setattr(landmarks, "find_landmarks", lambda *given: calls.append(1) or real(*given))
    found = extract_face(image, Preprocessing(template, TEMPLATES[template].frame, "yunet"), aligned=False).face
    assert found is not None and calls == []
    copy = pickle.loads(pickle.dumps(found))
    assert calls == [1]
    np.testing.assert_array_equal(copy.landmarks, expected.landmarks)
    np.testing.assert_array_equal(found.landmarks, expected.landmarks)
    assert calls == [1]


def test_all_faces_of_a_photograph_come_with_their_places() -> None:
    """A bystander in the corner, and the photograph on its side: boxes are in its own pixels."""
    root = orl_manifest().root
    subject, bystander = (cv2.resize(read_image(root / name), None, fx=2, fy=2) for name in ("s1/1.pgm", "s2/1.pgm"))
    photograph = np.full((700, 800, 3), 128, np.uint8)
    photograph[250:474, 300:484], photograph[10:234, 10:194] = subject, bystander
    for turns in (0, 3):
        turned = np.ascontiguousarray(np.rot90(photograph, turns))
        found = extract_faces(turned, Preprocessing("insightface", (112, 112), "yunet"))
        assert len(found) == 2
        for face, grey in zip(found, (subject, bystander), strict=True):
            left, top, right, bottom = (round(side) for side in face.box)
            where = (300, 250) if grey is subject else (10, 10)
            centre = np.array([where[1] + 112, where[0] + 92]) if turns == 0 else [where[0] + 92, 700 - where[1] - 112]
            np.testing.assert_allclose([(top + bottom) / 2, (left + right) / 2], centre, atol=40)
            assert face.face.image.shape == (112, 112, 3)
