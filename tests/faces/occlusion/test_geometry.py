"""The face frame: level, measured in pixels, and the same wherever and however upright the face stands."""

import numpy as np
import pytest

from fdemd.faces.occlusion.geometry import Curve, arc, closed_curve, read_face
from tests.faces.occlusion.made_faces import TURNS, landmarks_of


def rotated(landmarks: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    return landmarks @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def test_a_rolled_face_has_the_same_points_size_and_turn() -> None:
    level, rolled = read_face(landmarks_of()), read_face(rotated(landmarks_of(), 25) + np.array([40, -7]))
    np.testing.assert_allclose(rolled.points, level.points, atol=1e-9)
    assert rolled.scale == pytest.approx(level.scale)
    assert rolled.turn == pytest.approx(level.turn)


def test_the_frame_and_the_picture_are_mapped_to_each_other() -> None:
    landmarks = rotated(landmarks_of(), -10)
    face = read_face(landmarks)
    np.testing.assert_allclose(face.to_image(face.points), landmarks)
    np.testing.assert_allclose(face.to_frame(landmarks), face.points)
    np.testing.assert_allclose(face.points[36:48].mean(0)[1], 0, atol=1e-9, err_msg="eyes lie on the x axis")


@pytest.mark.parametrize("name", TURNS)
def test_the_turn_has_the_sign_of_the_nose(name: str) -> None:
    turn = read_face(landmarks_of(TURNS[name])).turn
    assert np.sign(round(turn, 1)) == np.sign(TURNS[name])


def test_the_jaw_is_linear_between_landmarks() -> None:
    face = read_face(landmarks_of())
    np.testing.assert_allclose(face.jaw(3), face.points[3])
    np.testing.assert_allclose(face.jaw(16), face.points[16])
    np.testing.assert_allclose(face.jaw(8.5), (face.points[8] + face.points[9]) / 2)


@pytest.mark.parametrize(
    ("landmarks", "sentence"),
    [(np.zeros((5, 2)), "has 68 landmarks"), (np.full((68, 2), np.nan), "must be finite")],
)
def test_what_is_no_face_is_refused(landmarks: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_face(landmarks)


def test_a_curve_passes_through_its_values_and_keeps_a_line_straight() -> None:
    knots = np.array([0.0, 1.0, 3.0, 4.0])
    values = np.array([[0.0, 0.0], [1.0, 5.0], [2.0, -1.0], [0.0, 2.0]])
    np.testing.assert_allclose(Curve(knots, values)(knots), values)
    line = Curve(knots, np.stack([knots, 2 * knots], 1))(np.array([0.3, 2.2]))
    np.testing.assert_allclose(line, [[0.3, 0.6], [2.2, 4.4]])


def test_a_closed_curve_passes_through_its_corners() -> None:
    corners = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    np.testing.assert_allclose(closed_curve(corners, samples_per_side=4)[::4], corners)


def test_an_arc_sags_in_its_middle() -> None:
    line = arc(np.array([0.0, 0.0]), np.array([12.0, 0.0]), sag=3)
    np.testing.assert_allclose(line[[0, 6, 12]], [[0, 0], [6, 3], [12, 0]])
