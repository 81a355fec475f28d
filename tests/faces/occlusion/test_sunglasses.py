"""Sunglasses: where they are drawn, and what each style looks like."""

import numpy as np
import pytest

from fdemd.faces.occlusion import Sunglasses, SunglassesStyle, draw_sunglasses
from tests.faces.occlusion.made_faces import (
    CHIP,
    STYLES,
    changed,
    each_turn,
    hidden,
    inside,
    landmarks_of,
    occlude,
    photograph,
)


class TestSunglasses:
    @each_turn
    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("seed", range(4))
    def test_hide_both_eyes_and_leave_the_mouth_alone(self, style, turn, seed):
        points, image = landmarks_of(turn), photograph()
        covered = hidden(Sunglasses((style,)), points, seed)
        assert covered[inside(points[36:42])].all()
        assert covered[inside(points[42:48])].all()
        touched = changed(image, occlude(Sunglasses((style,)), image, points, seed))
        assert not touched[inside(points[48:60])].any()

    def test_opacity_decides_how_much_of_the_eye_shows_through(self):
        points, eye = landmarks_of(), inside(landmarks_of()[36:42])
        light, dark = np.full((CHIP, CHIP, 3), 200, np.uint8), np.full((CHIP, CHIP, 3), 200, np.uint8)
        dark[eye] = 40
        for opacity, visible in ((1.0, False), (0.88, True)):
            style = SunglassesStyle(opacity=opacity, fade=0.0)
            pictures = [draw_sunglasses(image, points, style)[eye].astype(int) for image in (light, dark)]
            assert (np.abs(pictures[0] - pictures[1]).mean() > 8) == visible

    def test_the_far_lens_is_narrower_on_a_turned_head(self):
        image, points = np.full((CHIP, CHIP, 3), 200, np.uint8), landmarks_of(35)
        dark = draw_sunglasses(image, points, SunglassesStyle(highlight=0.0)).max(axis=-1) < 90
        row = dark[int(points[36:48, 1].mean())]
        nose = int(points[27, 0])
        assert row[nose:].sum() < 0.8 * row[:nose].sum()
