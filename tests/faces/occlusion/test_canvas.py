"""Shapes are averaged down to their area, and pixels that nothing is drawn on keep their values."""

import numpy as np
import pytest

from fdemd.faces.occlusion.canvas import Canvas, by_channel, rgb
from fdemd.faces.occlusion.geometry import read_face
from tests.faces.occlusion.made_faces import landmarks_of, photograph

FACE = read_face(landmarks_of())
SQUARE = np.array([(-10.0, -10.0), (10.0, -10.0), (10.0, 10.0), (-10.0, 10.0)])


def canvas_on(image: np.ndarray, extent: np.ndarray = SQUARE) -> Canvas:
    return Canvas(image, FACE, extent, margin=4)


def test_a_polygon_covers_its_area() -> None:
    canvas = canvas_on(photograph())
    plane = canvas.plane()
    canvas.polygon(plane, SQUARE)
    coverage = canvas.coverage(plane)
    assert coverage.sum() == pytest.approx(21 * 21, rel=0.08), "a side of 20 pixels and the border of the polygon"
    assert (coverage.min(), coverage.max()) == (0, 1)


def test_a_stroke_covers_length_times_width() -> None:
    canvas = canvas_on(photograph())
    plane = canvas.plane()
    canvas.stroke(plane, np.array([(-8.0, 0.0), (8.0, 0.0)]), width=2)
    assert canvas.coverage(plane).sum() == pytest.approx(16 * 2, rel=0.35)


def test_blending_lays_the_colour_where_it_is_opaque_and_nowhere_else() -> None:
    image = photograph()
    canvas = canvas_on(image)
    alpha = np.zeros(canvas.patch.shape[:2], np.float32)
    alpha[3:5, 3:5] = 1
    canvas.blend(rgb((10, 20, 30)), alpha)
    made = canvas.finish()
    changed = (made != image).any(-1)
    assert changed.sum() == 4
    assert (made[changed] == (10, 20, 30)).all()


def test_on_a_grey_picture_colours_are_grey() -> None:
    canvas = canvas_on(photograph(grey=True))
    canvas.blend(rgb((250, 0, 0)), np.ones(canvas.patch.shape[:2], np.float32))
    made = canvas.finish()
    assert (made == made[..., :1]).all()


def test_darkening_scales_the_pixels() -> None:
    image = photograph()
    canvas = canvas_on(image)
    before = canvas.patch.copy()
    canvas.darken(np.full(canvas.patch.shape[:2], 0.25, np.float32))
    np.testing.assert_allclose(canvas.patch, 0.75 * before, rtol=1e-6)


def test_an_object_outside_of_the_picture_has_an_empty_patch() -> None:
    assert canvas_on(photograph(), SQUARE + 1000).empty
    assert not canvas_on(photograph()).empty


def test_pixels_are_known_in_the_face_frame() -> None:
    canvas = canvas_on(photograph())
    grid = canvas.frame_grid()
    corners = canvas.to_patch(grid.reshape(-1, 2).astype(np.float64)).reshape(grid.shape)
    np.testing.assert_allclose(corners[2, 5], (5, 2), atol=1e-3)


def test_channels_lie_one_after_the_other_in_memory() -> None:
    picture = photograph(8)
    found = by_channel(picture)
    assert np.moveaxis(found, -1, 0).flags.c_contiguous
    np.testing.assert_array_equal(found, picture)
