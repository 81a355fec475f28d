"""The sheet of a mask: from the nose to below the chin, and known at every pixel."""

import numpy as np
import pytest

from fdemd.faces.occlusion.canvas import Canvas
from fdemd.faces.occlusion.geometry import read_face
from fdemd.faces.occlusion.mask_kinds import MASK_KINDS
from fdemd.faces.occlusion.mask_surface import MaskSurface
from tests.faces.occlusion.made_faces import TURNS, landmarks_of, photograph


def surface_on(kind: str = "surgical", turn: float = 0, height: float = 0.5, drop: float = 0.06) -> MaskSurface:
    return MaskSurface(read_face(landmarks_of(turn)), MASK_KINDS[kind].shape, height, drop)


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("kind", MASK_KINDS)
def test_it_reaches_from_the_nose_to_below_the_chin(kind: str, turn: float) -> None:
    surface = surface_on(kind, turn)
    points = surface.face.points
    (_, top), (_, bottom) = surface.at(0.0, 0.0), surface.at(0.0, 1.0)
    assert points[27, 1] <= top < points[33, 1], "between the bridge and the base of the nose"
    assert bottom == pytest.approx(points[8, 1] + 0.06 * surface.face.scale)


def test_a_mask_worn_higher_or_longer() -> None:
    low, high = surface_on(height=0.0).at(0.0, 0.0)[1], surface_on(height=1.0).at(0.0, 0.0)[1]
    assert high < low
    assert surface_on(drop=0.1).at(0.0, 1.0)[1] > surface_on(drop=0.03).at(0.0, 1.0)[1]


def test_the_outline_is_made_of_the_four_edges() -> None:
    surface = surface_on()
    for u, v in ((-1.0, 0.0), (1.0, 0.0), (1.0, 1.0), (-1.0, 1.0)):
        distance = np.linalg.norm(surface.outline() - surface.at(u, v), axis=1)
        assert distance.min() < 1e-9


@pytest.mark.parametrize("kind", MASK_KINDS)
def test_pixels_are_mapped_back_to_the_sheet(kind: str) -> None:
    surface = surface_on(kind)
    canvas = Canvas(photograph(), surface.face, surface.outline(), margin=2)
    u, v = surface.coordinates(canvas)
    for across, down in ((0.0, 0.5), (-0.5, 0.3), (0.6, 0.7)):
        x, y = np.rint(canvas.to_patch(surface.at(across, down))).astype(int)
        assert (u[y, x], v[y, x]) == (pytest.approx(across, abs=0.06), pytest.approx(down, abs=0.06))
