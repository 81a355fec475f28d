"""Badly aligned faces: still what they were covered as, and the truth moves with them."""

import numpy as np
import pytest

from fdemd.visibility.covers.draw import ASKEW_COVERS, COVERS, draw_cover
from tests.visibility.covers.test_draw import face


def test_every_cover_of_a_part_of_the_face_is_drawn_askew_too() -> None:
    assert ASKEW_COVERS.keys() == {f"askew {kind}" for kind in COVERS} - {
        f"askew {kind}" for kind in ("clean", "crop", "rotate", "blur", "light")
    }


@pytest.mark.parametrize("kind", ["sunglass", "hand"])
def test_the_condition_is_that_of_the_cover_and_the_truth_moves_with_the_face(kind: str) -> None:
    for seed in range(5):
        straight, askew = (draw_cover(name, face(), np.random.default_rng(seed)) for name in (kind, f"askew {kind}"))
        assert askew.condition == straight.condition
        assert askew.face.image.shape == straight.face.image.shape and askew.face.image.dtype == np.uint8
        assert not np.array_equal(askew.covered, straight.covered)
        x, y = straight.face.landmarks[33], askew.face.landmarks[33]
        side = len(straight.covered)
        assert 0 < np.abs(x - y).max() < side / 2
        inside = (askew.face.landmarks > 0).all(1) & (askew.face.landmarks < side - 1).all(1)
        was, now = (
            each.covered[tuple(each.face.landmarks[inside].round().astype(int).T[::-1])] for each in (straight, askew)
        )
        assert (was == now).mean() > 0.8, "a point that was covered still is"


def test_where_no_cover_is_to_be_seen_the_face_stays_as_it_is() -> None:
    seen = 0
    for seed in range(60):
        askew = draw_cover("askew blob", face(), np.random.default_rng(seed))
        if askew.condition == "clean":
            seen += 1
            assert np.array_equal(askew.face.image, draw_cover("blob", face(), np.random.default_rng(seed)).face.image)
    assert seen
