"""One photograph that a detector cannot cope with costs no other photograph."""

import cv2
import numpy as np
import pytest

from fdemd.errors import InputError
from fdemd.faces import photographs
from fdemd.faces.photographs import Preprocessing, extract_face
from fdemd.faces.reading import UnreadableImageError

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
