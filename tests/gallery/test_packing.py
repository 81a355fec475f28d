"""Numbers and pictures as bytes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.emd.compact import compact
from fdemd.features import Features
from fdemd.gallery.packing import (
    STORED,
    as_png,
    from_png,
    pack_embedding,
    pack_patches,
    unpack_embeddings,
    unpack_features,
)


@pytest.mark.parametrize("dtype", STORED)
@given(faces=st.integers(1, 4), seed=st.integers(0, 9))
def test_what_was_packed_is_unpacked(dtype: str, faces: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    full = Features(rng.normal(size=(faces, 8)), rng.normal(size=(faces, 6, 5)).astype(np.float32), (2, 3))
    features = compact(full) if dtype == "int8" else Features(full.embedding, full.patches.to(STORED[dtype]), full.grid)
    several = [features[face] for face in range(faces)]
    embeddings = unpack_embeddings([pack_embedding(face) for face in several])
    torch.testing.assert_close(embeddings, torch.nn.functional.normalize(features.embedding.float(), dim=1))
    found = unpack_features(embeddings, [pack_patches(face) for face in several], (2, 3), dtype)
    assert torch.equal(found.patches, features.patches) and found.grid == (2, 3)
    assert found.patches.dtype == STORED[dtype]
    if features.scale is None:
        assert found.scale is None
    else:
        assert found.scale is not None and torch.equal(found.scale, features.scale)


def test_a_compact_patch_takes_a_byte_a_channel_and_four_for_its_scale() -> None:
    face = compact(Features(torch.ones(1, 2), torch.rand(1, 49, 128), (7, 7)))
    assert len(pack_patches(face)) == 49 * (128 + 4)


def test_a_picture_loses_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 255, (112, 96, 3)).astype(np.uint8)
    assert (from_png(as_png(image)) == image).all()
