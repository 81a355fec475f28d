"""Lenses lie over the eyes, and the far one is narrower on a turned head."""

import numpy as np
import pytest

from fdemd.faces.occlusion.geometry import read_face
from fdemd.faces.occlusion.lenses import FRAME_CUTS, place_lenses
from tests.faces.occlusion.made_faces import TURNS, landmarks_of


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("style", FRAME_CUTS)
def test_each_lens_covers_its_eye(style: str, turn: float) -> None:
    face = read_face(landmarks_of(turn))
    for lens, eye in zip(place_lenses(face, FRAME_CUTS[style], 1.0), (slice(36, 42), slice(42, 48)), strict=True):
        x = face.points[eye, 0]
        assert min(lens.inner, lens.outer) < x.min() and x.max() < max(lens.inner, lens.outer)
        assert abs(lens.middle - face.points[eye, 1].mean()) < lens.half_height


@pytest.mark.parametrize("style", FRAME_CUTS)
def test_the_far_lens_is_narrower(style: str) -> None:
    left, right = place_lenses(read_face(landmarks_of(35)), FRAME_CUTS[style], 1.0)
    assert abs(right.outer - right.inner) < abs(left.outer - left.inner)


def test_the_size_is_that_of_the_height() -> None:
    face = read_face(landmarks_of())
    small, large = (place_lenses(face, FRAME_CUTS["round"], size)[0] for size in (0.8, 1.2))
    assert large.half_height == pytest.approx(1.5 * small.half_height)
    assert large.inner == small.inner


def test_the_unit_box_is_mapped_to_the_edges_of_the_lens() -> None:
    lens = place_lenses(read_face(landmarks_of()), FRAME_CUTS["aviator"], 1.0)[1]
    inner, outer = lens.place(np.array([(-1.0, 0.0), (1.0, 0.0)]))
    np.testing.assert_allclose(inner, (lens.inner, lens.middle))
    np.testing.assert_allclose(outer, (lens.outer, lens.middle + lens.bow))
