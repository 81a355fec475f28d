"""Masks and scarves under a fringe or a cap: both are drawn, and both are told as covered."""

import numpy as np

from fdemd.visibility.covers.draw import COVERS, draw_cover
from fdemd.visibility.covers.headwear import with_headwear
from tests.visibility.covers.test_draw import face


def test_half_of_the_faces_wear_something_above_the_eyes_too() -> None:
    draw = with_headwear(COVERS["scarf"], [COVERS["cap"]])
    brows = face().landmarks[17:27].mean(0).round().astype(int)
    both = 0
    for seed in range(40):
        drawn = draw(face(), np.random.default_rng(seed))
        changed = np.abs(drawn.face.image.astype(int) - face().image).max(2) > 40  # soft edges and shadows are less
        assert (changed & ~drawn.covered).mean() < 0.04
        assert drawn.covered[-1].any(), "the scarf is there"
        both += bool(drawn.covered[0, brows[0]])
    assert 10 < both < 30


def test_a_mask_under_a_cap_is_a_cover_below_as_long_as_the_eyes_are_free() -> None:
    found = [draw_cover("askew mask", face(), np.random.default_rng(seed)).condition for seed in range(40)]
    assert found.count("below") > 30
    assert set(found) <= {"below", "other"}
