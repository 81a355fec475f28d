"""Which cover a photograph gets depends on its name, the seed and the draw alone."""

from collections import Counter

import numpy as np
import pytest

from fdemd.errors import InputError
from fdemd.visibility.covers.draw import COVERS
from fdemd.visibility.covers.maker import CoverMaker
from tests.visibility.covers.test_draw import face


def test_the_same_name_seed_and_draw_give_the_same_face() -> None:
    one, again = (CoverMaker(seed=1, draw=2)(face(), "Ann/1.jpg").image for _ in range(2))
    assert np.array_equal(one, again)
    others = [
        CoverMaker(seed=2, draw=2)(face(), "Ann/1.jpg"),
        CoverMaker(seed=1, draw=3)(face(), "Ann/1.jpg"),
        CoverMaker(seed=1, draw=2)(face(), "Ann/2.jpg"),
    ]
    assert all(not np.array_equal(one, other.image) for other in others)


def test_every_kind_is_drawn_about_equally_often() -> None:
    maker = CoverMaker()
    counts = Counter(maker.kind_of(f"{number}.jpg") for number in range(1300))
    assert counts.keys() == COVERS.keys()
    assert min(counts.values()) > 60


def test_the_kind_that_is_told_is_the_one_that_is_drawn() -> None:
    maker = CoverMaker(("crop", "blur"))
    for number in range(10):
        kind, condition = maker.kind_of(str(number)), maker.covered(face(), str(number)).condition
        assert {"crop": "cut", "blur": "blurred"}[kind] == condition


def test_what_decides_a_face_is_told() -> None:
    one = CoverMaker(("mask",), seed=1, draw=2).identity
    assert one == CoverMaker(("mask",), seed=1, draw=2).identity
    assert one["settings"]["mask"]["kinds"]
    assert one != CoverMaker(("scarf",), seed=1, draw=2).identity != CoverMaker(("mask",), seed=1, draw=3).identity


def test_faces_askew_are_told_by_how_far_they_are_moved() -> None:
    askew, straight = (CoverMaker(kinds, draw=2).identity for kinds in (("askew mask",), ("mask",)))
    assert askew["settings"] == straight["settings"], "the mask is that of a query"
    assert askew["askew"]["degrees"] > 0 and "askew" not in straight


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match=r"kind of cover 'scraf'.*did you mean scarf"):
        CoverMaker(("scraf",))
