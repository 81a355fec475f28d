"""Which of several faces a photograph is of."""

import numpy as np
import pytest

from fdemd.faces.detection import Detection, enlarged, is_near_centre, most_prominent, reduced

PICTURE = np.zeros((100, 100, 3), np.uint8)
CENTRAL, SMALL, ASIDE = Detection((40, 40, 60, 60)), Detection((45, 45, 55, 55)), Detection((0, 0, 30, 30))


@pytest.mark.parametrize(
    ("faces", "expected"),
    [([SMALL, CENTRAL], CENTRAL), ([ASIDE, SMALL], SMALL), ([ASIDE], ASIDE), ([], None)],
    ids=["the larger", "the central", "the only", "none"],
)
def test_the_most_prominent_face(faces: list[Detection], expected: Detection | None) -> None:
    assert most_prominent(faces, PICTURE) is expected


def test_a_face_is_near_the_centre_or_not() -> None:
    assert is_near_centre(CENTRAL, PICTURE)
    assert not is_near_centre(ASIDE, PICTURE)


def test_a_large_picture_is_searched_smaller_and_its_faces_are_given_in_its_own_pixels() -> None:
    small, scale = reduced(np.zeros((500, 4000, 3), np.uint8), 1000)
    assert small.shape[:2] == (125, 1000)
    face = enlarged(Detection((1, 2, 3, 4), np.ones((5, 2)), 0.7), scale)
    assert face.box == (4, 8, 12, 16)
    assert (face.five_points == 4).all()
    assert face.confidence == 0.7


def test_a_small_picture_is_searched_as_it_is() -> None:
    small, scale = reduced(PICTURE, 1000)
    assert small is PICTURE
    assert scale == 1
