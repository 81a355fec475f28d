"""Covers that are no kind of query are drawn alike in every run, and not as those that estimators are fitted on."""

import numpy as np

from fdemd.repro.trust_part import COVERS_SEED, SEED, cover_maker
from fdemd.visibility.covers.maker import CoverMaker
from tests.repro.made_part import FACE


def test_a_cover_is_of_its_kind_and_not_one_that_was_fitted_on() -> None:
    assert COVERS_SEED != SEED
    maker = cover_maker("scarf")
    assert maker.kinds == ("scarf",)
    one, again = (maker(FACE, "Ann/1.jpg").image for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, CoverMaker(("scarf",), seed=SEED, draw=1)(FACE, "Ann/1.jpg").image)
