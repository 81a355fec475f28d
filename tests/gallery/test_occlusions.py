"""What is drawn on aligned faces."""

import numpy as np
import pytest

from fdemd.data.sources import orl_manifest
from fdemd.errors import InputError
from fdemd.faces.photographs import Preprocessing, extract_faces
from fdemd.faces.reading import read_image
from fdemd.gallery.occlusions import KINDS, check_kind, occluded

PREPROCESSING = Preprocessing("insightface", (112, 112), "yunet")


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    root = orl_manifest().root
    return [extract_faces(read_image(root / f"s{n}/1.pgm"), PREPROCESSING)[0].face.image for n in (1, 2)]


@pytest.mark.parametrize(("kind", "covered", "free"), [("mask", 75, 25), ("sunglass", 52, 95)])
def test_the_part_that_is_worn_over_changes(kind: str, covered: int, free: int, faces: list[np.ndarray]) -> None:
    drawn = occluded(kind, faces, PREPROCESSING)
    assert drawn.shape == (2, 112, 112, 3)
    for before, after in zip(faces, drawn, strict=True):
        changed = np.abs(before.astype(int) - after).mean(axis=(1, 2))
        assert changed[covered - 5 : covered + 5].mean() > 10 > 3 > changed[free - 5 : free + 5].mean()
    assert (occluded(kind, faces, PREPROCESSING) == drawn).all()


def test_nothing_is_drawn_on_clean_faces(faces: list[np.ndarray]) -> None:
    assert (occluded("clean", faces, PREPROCESSING) == np.stack(faces)).all()


def test_an_unknown_kind_is_refused() -> None:
    assert [check_kind(kind) for kind in KINDS] == list(KINDS)
    with pytest.raises(InputError, match=r"Unknown kind of query 'masks' \(did you mean mask\?\)"):
        check_kind("masks")
