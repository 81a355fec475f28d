"""Pictures that detectors are tried on."""

import numpy as np

from fdemd.bench.archive import Photo
from fdemd.bench.detect_pictures import Pictures
from fdemd.data.sources import orl_manifest


def test_the_transform_is_that_of_the_picture() -> None:
    photograph = Photo(orl_manifest().root / "s1/1.pgm", "1")
    ((plain, still),) = Pictures("", (photograph,))
    ((turned, move),) = Pictures("", (photograph,), degrees=90)
    assert np.allclose(still, [[1, 0, 0], [0, 1, 0]])
    x, y = move @ (46, 60, 1)
    assert np.abs(turned[round(y), round(x)].astype(int) - plain[60, 46]).max() <= 8
