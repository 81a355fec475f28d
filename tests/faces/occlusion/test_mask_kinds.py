"""The kinds of mask: folds change the brightness around 1, and straps show where the ear does."""

import numpy as np
import pytest

from fdemd.faces.occlusion.canvas import Canvas
from fdemd.faces.occlusion.geometry import read_face
from fdemd.faces.occlusion.mask_kinds import MASK_KINDS
from fdemd.faces.occlusion.mask_surface import MaskSurface
from tests.faces.occlusion.made_faces import landmarks_of, photograph

U, V = np.meshgrid(np.linspace(-1, 1, 80, dtype=np.float32), np.linspace(0, 1, 60, dtype=np.float32))


@pytest.mark.parametrize("kind", MASK_KINDS)
def test_the_relief_is_a_brightness_around_1(kind: str) -> None:
    relief = MASK_KINDS[kind].relief(U, V, read_face(landmarks_of()), 3)
    assert relief.shape == U.shape
    assert 0.5 < relief.min() < relief.max() < 1.6
    assert relief.mean() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("kind", MASK_KINDS)
def test_lines_are_painted_on_a_neutral_plane(kind: str) -> None:
    face = read_face(landmarks_of())
    surface = MaskSurface(face, MASK_KINDS[kind].shape, 0.5, 0.06)
    canvas = Canvas(photograph(), face, surface.outline(), margin=2)
    plane = canvas.plane(128)
    MASK_KINDS[kind].lines(canvas, plane, surface)
    assert 0 < (plane != 128).mean() < 0.5


@pytest.mark.parametrize("kind", MASK_KINDS)
def test_a_turned_head_hides_the_straps_of_the_far_side(kind: str) -> None:
    counts = []
    for turn in (0, 60):
        face = read_face(landmarks_of(turn))
        counts.append(len(MASK_KINDS[kind].straps(face, MaskSurface(face, MASK_KINDS[kind].shape, 0.5, 0.06))))
    assert counts[0] == 4
    assert counts[1] < counts[0]
