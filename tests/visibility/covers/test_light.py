import numpy as np

from fdemd.visibility.covers.light import relight
from tests.faces.occlusion.made_faces import photograph


def test_light_changes_brightness_smoothly_and_by_its_seed() -> None:
    image = np.full((64, 64, 3), 128, dtype=np.uint8)
    one, again, other = (relight(image, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    rows = one.astype(float).mean((1, 2))
    assert np.abs(np.diff(rows)).max() < 15


def test_what_is_grey_stays_grey() -> None:
    found = relight(photograph(grey=True), np.random.default_rng(0))
    assert (found.max(2) == found.min(2)).all()
