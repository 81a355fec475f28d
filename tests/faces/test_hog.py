"""dlib's detector: boxes in pixels of the picture, whatever was put around it for the search."""

import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.faces.detection import is_near_centre
from fdemd.faces.hog import detect, glance
from fdemd.faces.reading import read_image


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    manifest = orl_manifest()
    return read_image(manifest.file(manifest.photographs[0]))


def test_a_face_that_fills_the_picture_is_found_with_a_border_only(face: np.ndarray) -> None:
    (found,) = detect(face)
    assert is_near_centre(found, face)
    left, top, right, bottom = found.box
    assert right - left == pytest.approx(bottom - top, rel=0.05)
    assert glance(face[:60, :60]) == []


def test_a_face_moves_with_the_picture_around_it(face: np.ndarray) -> None:
    around = ((100, 60), (80, 90), (0, 0))
    padded = np.pad(face, around, mode="edge")
    (found,), (moved,) = detect(face), detect(padded)
    np.testing.assert_allclose(np.subtract(moved.box, found.box), [80, 100, 80, 100], atol=12)


def test_nothing_is_found_in_noise() -> None:
    assert detect(np.random.default_rng(0).integers(0, 255, (120, 120, 3), dtype=np.uint8)) == []
