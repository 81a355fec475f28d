"""From a photograph to a face: nothing is searched for in vain, and one that cannot be coped with costs no other."""

import pickle

import cv2
import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.faces import landmarks, photographs
from fdemd.faces.alignment import TEMPLATES
from fdemd.faces.photographs import Preprocessing, advice_on_losses, extract_face, many_lost
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
