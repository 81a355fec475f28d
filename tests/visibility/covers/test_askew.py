"""Badly aligned faces: still what they were covered as, and the truth moves with them."""

import numpy as np
import pytest

from fdemd.visibility.covers.askew import askew
from fdemd.visibility.covers.draw import ASKEW_COVERS, COVERS, draw_cover
from tests.visibility.covers.test_draw import face


def test_every_cover_of_a_part_of_the_face_is_drawn_askew_too() -> None:
    assert ASKEW_COVERS.keys() == {f"askew {kind}" for kind in COVERS} - {
        f"askew {kind}" for kind in ("clean", "crop", "rotate", "blur", "light")
    }


@pytest.mark.parametrize("kind", ["mask", "sunglass", "scarf", "hand"])
def test_the_condition_is_that_of_the_cover_and_the_truth_moves_with_the_face(kind: str) -> None:
    for seed in range(5):
        straight, moved = (draw(face(), np.random.default_rng(seed)) for draw in (COVERS[kind], askew(COVERS[kind])))
        assert moved.condition == straight.condition
        assert moved.face.image.shape == straight.face.image.shape and moved.face.image.dtype == np.uint8
        assert not np.array_equal(moved.covered, straight.covered)
        x, y = straight.face.landmarks[33], moved.face.landmarks[33]
        side = len(straight.covered)
        assert 0 < np.abs(x - y).max() < side / 2
        inside = (moved.face.landmarks > 0).all(1) & (moved.face.landmarks < side - 1).all(1)
        was, now = (
            each.covered[tuple(each.face.landmarks[inside].round().astype(int).T[::-1])] for each in (straight, moved)
        )
        assert (was == now).mean() > 0.8, "a point that was covered still is"


def test_where_no_cover_is_to_be_seen_the_face_stays_as_it_is() -> None:
    seen = 0
    for seed in range(60):
        moved = draw_cover("askew blob", face(), np.random.default_rng(seed))
        if moved.condition == "clean":
            seen += 1
            assert np.array_equal(moved.face.image, draw_cover("blob", face(), np.random.default_rng(seed)).face.image)
    assert seen
