"""Pictures with colours first or last, as bytes or as numbers."""

from typing import Any

import numpy as np
import pytest
import torch

from fdemd.errors import InputError
from fdemd.faces.pictures import as_bytes, colours_first

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "picture",
    [
        PICTURE,
        np.moveaxis(PICTURE, 2, 0),
        torch.from_numpy(PICTURE),
        PICTURE / 255,
        (PICTURE / 255).astype(np.float32),
        torch.from_numpy(PICTURE).permute(2, 0, 1).float() / 255,
    ],
)
def test_every_kind_is_the_same_picture(picture: Any) -> None:
    assert np.array_equal(as_bytes(picture, "photograph"), PICTURE)
    assert colours_first(picture, "photograph").shape == (3, 20, 30)


@pytest.mark.parametrize(
    ("picture", "complaint"),
    [
        (PICTURE[..., 0], r"is \(20, 30\); it must be an RGB picture"),
        (PICTURE[None], r"is \(1, 20, 30, 3\)"),
        (PICTURE.astype(np.int64), "is of int64"),
        (PICTURE.astype(np.float32), "divide them by 255"),
        (np.full((20, 30, 3), np.nan), "values from nan"),
    ],
)
def test_other_arrays_are_told(picture: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        colours_first(picture, "photograph")
