"""What a cover makes of a face depends on which part of the face it hides."""

import numpy as np
import pytest

from fdemd.visibility.conditions import CONDITIONS, condition_of, covered_share
from tests.faces.occlusion.made_faces import CHIP, landmarks_of

_BY_ROWS = [
    ((0, 0), "clean"),
    ((75, 150), "below"),
    ((20, 60), "above"),
    ((0, 150), "other"),
    ((60, 70), "other"),  # cheeks and the bridge of the nose
    ((0, 20), "clean"),  # above the brows
]
_BROWS = 38
"""Row down to which hair hides the brows and leaves the eyes free."""


@pytest.mark.parametrize(("rows", "condition"), _BY_ROWS)
def test_a_band_across_the_face(rows: tuple[int, int], condition: str) -> None:
    covered = np.zeros((CHIP, CHIP), dtype=bool)
    covered[slice(*rows)] = True
    assert condition_of(covered, landmarks_of()) == condition


def test_hair_on_the_brows_leaves_a_mask_a_mask() -> None:
    covered = np.zeros((CHIP, CHIP), dtype=bool)
    covered[:_BROWS] = True
    assert condition_of(covered, landmarks_of()) == "above"
    covered[75:] = True
    assert condition_of(covered, landmarks_of()) == "below"
    covered[:60] = True
    assert condition_of(covered, landmarks_of()) == "other", "the eyes are hidden too"


def test_clean_is_the_first_condition_and_none_occurs_twice() -> None:
    assert CONDITIONS[0] == "clean"
    assert len(set(CONDITIONS)) == len(CONDITIONS)


def test_a_region_outside_the_picture_is_not_covered() -> None:
    assert covered_share(np.ones((10, 10), dtype=bool), np.array([(50, 50), (60, 50), (60, 60)])) == 0
    assert covered_share(np.ones((10, 10), dtype=bool), np.array([(1, 1), (6, 1), (6, 6)])) == 1
