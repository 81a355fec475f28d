"""Numbers and pictures as bytes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.embedding.batch import DTYPES
from fdemd.features import Features
from fdemd.gallery.packing import as_png, from_png, pack_embedding, pack_patches, unpack_embeddings, unpack_patches


@pytest.mark.parametrize("dtype", DTYPES)
@given(faces=st.integers(1, 4), seed=st.integers(0, 9))
def test_what_was_packed_is_unpacked(dtype: str, faces: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    patches = torch.from_numpy(rng.normal(size=(faces, 6, 5))).to(DTYPES[dtype])
    given_faces = Features(rng.normal(size=(faces, 8)), patches, (2, 3))
    embeddings = unpack_embeddings([pack_embedding(face) for face in given_faces])  # type: ignore[attr-defined]
    torch.testing.assert_close(embeddings, torch.nn.functional.normalize(given_faces.embedding.float(), dim=1))
    assert torch.equal(unpack_patches([pack_patches(face) for face in given_faces], 6, dtype), patches)  # type: ignore[attr-defined]


def test_a_picture_loses_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 255, (112, 96, 3)).astype(np.uint8)
    assert (from_png(as_png(image)) == image).all()
