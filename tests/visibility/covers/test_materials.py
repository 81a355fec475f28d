"""Colours over a patch of a photograph: within range, by their seed, of the kind of thing that they are."""

import numpy as np
import pytest

from fdemd.faces.occlusion.canvas import Canvas
from fdemd.faces.occlusion.geometry import read_face
from fdemd.visibility.covers import materials
from tests.faces.occlusion.made_faces import landmarks_of

ALL = (materials.cloth, materials.skin, materials.hair, materials.anything)


def canvas(colour: tuple[int, int, int] = (200, 150, 120)) -> Canvas:
    frame = read_face(landmarks_of())
    image = np.full((150, 150, 3), colour, dtype=np.uint8)
    return Canvas(image, frame, np.array([(-60.0, -30.0), (60.0, 90.0)]), margin=2)


@pytest.mark.parametrize("material", ALL)
def test_a_material_colours_the_whole_patch(material: materials.Material) -> None:
    place = canvas()
    one, again, other = (material(place, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert one.shape == place.patch.shape
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.isfinite(one).all()
    assert one.min() >= 0
    assert one.max() < 400  # what is brighter than white is cut where it is laid over the picture


def test_skin_is_about_the_face_s_own() -> None:
    found = np.stack([materials.skin(canvas(), np.random.default_rng(seed)).mean((0, 1)) for seed in range(20)])
    np.testing.assert_allclose(found.mean(0), (200, 150, 120), rtol=0.15)
