"""Which face is found in a photograph, by either detector."""

import cv2
import dlib
import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.faces import hog
from fdemd.faces.alignment import five_points
from fdemd.faces.landmarks import DETECTORS, find_face
from fdemd.faces.reading import read_image


def orl_face(path: str = "s1/1.pgm", zoom: float = 1.0) -> np.ndarray:
    """A photograph of ORL, 112 x 92 pixels before it is enlarged, that shows little but the face."""
    image = read_image(orl_manifest().root / path)
    return cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)


def pasted(size: int, **faces: tuple[np.ndarray, tuple[int, int]]) -> np.ndarray:
    """A square grey photograph with faces on it, each with its left upper corner (x, y)."""
    photograph = np.full((size, size, 3), 128, np.uint8)
    for face, (x, y) in faces.values():
        photograph[y : y + face.shape[0], x : x + face.shape[1]] = face
    return photograph


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("zoom", [1, 2.5, 12])
def test_a_face_is_found_at_any_size(detector: str, zoom: float) -> None:
    """Enlarged 12 times it is searched for in a smaller copy, and the landmarks are those of the photograph."""
    found = find_face(orl_face(zoom=zoom), detector)

    assert found is not None
    assert found.faces == 1
    expected = np.array([(27, 52), (62, 51), (46, 71), (30, 89), (59, 89)])  # read off the photograph
    np.testing.assert_allclose(five_points(found.landmarks) / zoom, expected, atol=5)
    left, top, right, bottom = np.array(found.box) / zoom
    assert left < 27 < 62 < right
    assert top < 51 < 89 < bottom


def test_mtcnn_gives_five_points_that_agree_with_the_68() -> None:
    found = find_face(orl_face(zoom=2.5), "mtcnn")

    assert found is not None and found.five_points is not None
    np.testing.assert_allclose(found.five_points, five_points(found.landmarks), atol=8)


def test_dlib_gives_none_but_where_mtcnn_has_to_help(monkeypatch: pytest.MonkeyPatch) -> None:
    easy = find_face(orl_face(zoom=2.5), "dlib")
    monkeypatch.setattr(hog, "detect", lambda image: [])
    hard = find_face(orl_face(zoom=2.5), "dlib")

    assert easy is not None and easy.five_points is None
    assert hard is not None and hard.five_points is not None


def test_half_a_face_near_the_centre_is_found_though_dlib_is_not_sure_of_it() -> None:
    face = orl_face(zoom=2.5)
    face[:, : int(0.45 * face.shape[1])] = 128

    assert not dlib.get_frontal_face_detector()(face, 2)
    (found,) = hog.detect(face)
    left, top, right, bottom = np.array(found.box) / 2.5
    assert left < 45 < right
    assert top < 70 < bottom


@pytest.mark.parametrize("detector", DETECTORS)
def test_of_several_faces_the_one_near_the_centre_is_taken(detector: str) -> None:
    face = orl_face(zoom=2)
    photograph = pasted(700, subject=(face, (260, 240)), bystander=(orl_face("s2/1.pgm", zoom=2), (10, 10)))

    found = find_face(photograph, detector)

    assert found is not None
    assert found.faces == 2
    np.testing.assert_allclose(found.landmarks[30], (260 + 2 * 46, 240 + 2 * 71), atol=20)


@pytest.mark.parametrize("detector", DETECTORS)
def test_of_several_faces_at_the_same_distance_the_largest_is_taken(detector: str) -> None:
    photograph = pasted(700, large=(orl_face(zoom=3), (30, 180)), small=(orl_face("s2/1.pgm", zoom=1.5), (475, 265)))

    found = find_face(photograph, detector)

    assert found is not None
    assert found.landmarks[30, 0] < 350


@pytest.mark.parametrize("detector", DETECTORS)
def test_a_face_that_stands_aside_is_better_than_none(detector: str) -> None:
    found = find_face(pasted(600, bystander=(orl_face(zoom=2), (5, 5))), detector)

    assert found is not None
    np.testing.assert_allclose(found.landmarks[30], (5 + 2 * 46, 5 + 2 * 71), atol=20)


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("side", [16, 250, 1200])
def test_nothing_is_found_where_no_face_is(detector: str, side: int) -> None:
    assert find_face(pasted(side), detector) is None


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(InputError, match=r"Unknown detector 'mtcn' .*choose one of dlib, mtcnn, yunet"):
        find_face(pasted(100), "mtcn")
