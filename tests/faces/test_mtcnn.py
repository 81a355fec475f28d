"""MTCNN: five points in the order that alignments expect, and confidence by the tilt of the eyes."""

import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.faces.mtcnn import SMALLEST_FACE, _confidence, detect
from fdemd.faces.reading import read_image


def test_five_points_are_eyes_nose_and_mouth_from_left_to_right() -> None:
    manifest = orl_manifest()
    face = read_image(manifest.file(manifest.photographs[0]))
    (found,) = detect(face)
    left_eye, right_eye, nose, left_mouth, right_mouth = found.five_points
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert found.confidence == 1


def test_a_picture_smaller_than_the_smallest_face_has_none() -> None:
    assert detect(np.zeros((SMALLEST_FACE - 1, 100, 3), np.uint8)) == []


@pytest.mark.parametrize(
    ("probability", "degrees", "confidence"), [(1.0, 0, 1.0), (1.0, 29, 1.0), (1.0, 45, 0.4), (1.0, 61, 0), (0.9, 0, 0)]
)
def test_confidence_falls_with_the_tilt_of_the_eyes(probability: float, degrees: float, confidence: float) -> None:
    eyes = np.array([(0, 0), (np.cos(np.radians(degrees)), np.sin(np.radians(degrees)))])
    assert _confidence(probability, eyes) == confidence
