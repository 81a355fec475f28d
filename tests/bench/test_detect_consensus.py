"""What detectors are judged by: eyes in the photograph's own pixels."""

import numpy as np
import pytest

from fdemd.bench.archive import Photo
from fdemd.bench.detect_consensus import consensus_of, is_wrong, turned_back
from fdemd.bench.detect_pictures import Pictures
from fdemd.data.sources import orl_manifest

EYES = np.array([(10.0, 10.0), (20.0, 10.0)])


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_points_are_turned_back_into_the_photograph(turns: int) -> None:
    picture = np.zeros((20, 30))
    picture[4, 7] = 1
    y, x = np.argwhere(np.rot90(picture, turns))[0]
    assert turned_back(np.array([[x, y]], float), turns, 20, 30).tolist() == [[7, 4]]


def test_eyes_elsewhere_or_upside_down_are_wrong() -> None:
    assert not is_wrong(EYES + 3, EYES)
    assert is_wrong(EYES + 4, EYES)
    assert is_wrong(EYES[::-1], EYES)


def test_the_consensus_is_what_most_agree_on_and_moves_with_the_picture() -> None:
    photograph = Photo(orl_manifest().root / "s1/1.pgm", "1")
    found = [[EYES], [EYES + 1], [None], [EYES + 50]]
    (still,) = consensus_of(found, Pictures("", (photograph,)))
    assert still is not None and np.allclose(still, EYES + 1)
    (turned,) = consensus_of(found, Pictures("", (photograph,), degrees=180))
    assert turned is not None and np.allclose(turned, np.array([91, 111]) - still), "of 92x112 pixels"
    assert consensus_of([[None], [None]], Pictures("", (photograph,))) == [None]
