"""Outlines in the face frame: finite, closed by at least three corners, each by its seed, on its part of the face."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.visibility.covers import shapes

ALL = (shapes.scarf, shapes.cap, shapes.fringe, shapes.hand, shapes.blob, shapes.board)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(ALL), st.integers(0, 2**32))
def test_outlines_can_be_filled(shape: shapes.Shape, seed: int) -> None:
    outlines, again = (shape(np.random.default_rng(seed)) for _ in range(2))
    for outline, same in zip(outlines, again, strict=True):
        assert outline.shape[1] == 2
        assert len(outline) >= 3
        assert np.isfinite(outline).all()
        assert np.array_equal(outline, same)


@pytest.mark.parametrize("seed", range(20))
def test_a_scarf_lies_below_the_eyes_and_a_cap_above_the_nose(seed: int) -> None:
    (cloth,) = shapes.scarf(np.random.default_rng(seed))
    assert cloth[:, 1].min() > -0.2
    assert cloth[:, 1].max() > 1
    (brim,) = shapes.cap(np.random.default_rng(seed))
    assert brim[:, 1].max() < 0.5
    assert brim[:, 1].min() < -1


def test_a_hand_is_a_palm_with_fingers() -> None:
    assert {len(shapes.hand(np.random.default_rng(seed))) for seed in range(30)} == {3, 4, 5}
