"""Face masks: where they are drawn, and what each kind looks like."""

import numpy as np
import pytest

from fdemd.faces.occlusion import FaceMask, MaskStyle, draw_mask
from tests.faces.occlusion.made_faces import (
    KINDS,
    changed,
    each_turn,
    hidden,
    inside,
    landmarks_of,
    occlude,
    photograph,
)


class TestMask:
    @each_turn
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(4))
    def test_hides_nose_mouth_and_chin(self, kind, turn, seed):
        points = landmarks_of(turn)
        covered = hidden(FaceMask((kind,)), points, seed)
        nose_tip, mouth, chin = points[30:36], points[48:60], np.concatenate([points[55:60], points[7:10]])
        for part in (nose_tip, mouth, chin):
            assert covered[inside(part)].mean() >= 0.95

    @each_turn
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("seed", range(4))
    def test_leaves_eyes_and_brows_alone(self, kind, turn, seed):
        points, image = landmarks_of(turn), photograph()
        touched = changed(image, occlude(FaceMask((kind,)), image, points, seed))
        for part in (points[17:22], points[22:27], points[36:42], points[42:48]):
            assert not touched[inside(part)].any()

    def test_wear_height_moves_the_upper_edge(self):
        image, points = photograph(), landmarks_of()
        rows = []
        for height in (0.0, 1.0):
            touched = changed(image, draw_mask(image, points, MaskStyle(height=height)))
            rows.append(touched[:, 74].argmax())
        assert rows[1] < rows[0] - 3

    def test_the_straps_show_on_the_near_side_of_a_turned_head_only(self):
        image = photograph()
        white, black = (MaskStyle(strap_colour=(level,) * 3) for level in (255, 0))
        points = landmarks_of(35)
        strap = changed(draw_mask(image, points, white), draw_mask(image, points, black))
        columns = np.flatnonzero(strap.any(axis=0))
        assert columns.size and columns.max() < points[30, 0]
