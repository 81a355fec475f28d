"""What a backbone says, and its coarser grids."""

import pytest
import torch

from fdemd.emd.compact import compact
from fdemd.errors import InputError
from fdemd.features import Features, join_features


def numbered(count: int = 2) -> Features:
    """Patch n of an 8x8 grid has the value n in its only channel."""
    return Features(torch.zeros(count, 3), torch.arange(64.0).view(1, 64, 1).repeat(count, 1, 1), (8, 8))


def test_8x8_pools_to_4x4_by_the_mean_of_2x2_blocks() -> None:
    pooled = numbered().pooled((4, 4))
    blocks = torch.arange(64.0).view(4, 2, 4, 2).mean((1, 3)).flatten()
    assert pooled.grid == (4, 4)
    torch.testing.assert_close(pooled.patches[0, :, 0], blocks)


def test_pooling_to_its_own_grid_changes_nothing() -> None:
    features = numbered()
    assert features.pooled((8, 8)) is features


def test_a_finer_grid_is_refused() -> None:
    with pytest.raises(InputError, match=r"8x8 patches; a grid of 16x16"):
        numbered().pooled((16, 16))


def test_patches_must_fill_the_grid() -> None:
    with pytest.raises(ValueError, match="do not fill"):
        Features(torch.zeros(1, 3), torch.zeros(1, 63, 1), (8, 8))


def test_some_faces_of_many() -> None:
    features = Features(torch.randn(5, 3), torch.randn(5, 4, 2), (2, 2), torch.rand(5, 68, 2))
    some = features[torch.tensor([3, 1])]
    for name in ("embedding", "patches", "landmarks"):
        assert torch.equal(getattr(some, name), getattr(features, name)[[3, 1]])


def test_what_is_visible_goes_where_the_patches_go() -> None:
    visible = torch.arange(64.0).view(1, 8, 8).repeat(2, 1, 1) / 64
    seen = numbered().seen(visible.flatten(1))
    assert torch.equal(seen[1].visible, seen.visible[1:])
    assert seen.to(torch.float16).visible.dtype == torch.float16
    torch.testing.assert_close(seen.pooled((4, 4)).visible * 64, seen.pooled((4, 4)).patches[..., 0])
    with pytest.raises(InputError, match="visible is of 16 patches, and there are 64"):
        Features(torch.zeros(2, 3), torch.zeros(2, 8, 8, 1), visible=torch.ones(2, 16))


@pytest.mark.parametrize("form", ["full", "compact", "embeddings"])
def test_faces_of_several_lists_are_one_after_the_other(form: str) -> None:
    whole = Features(torch.randn(5, 3), torch.randn(5, 4, 2), (2, 2), torch.rand(5, 68, 2), visible=torch.rand(5, 4))
    whole = {"full": whole, "compact": compact(whole), "embeddings": Features(whole.embedding)}[form]
    joined = join_features([whole[:2], whole[2:2], whole[2:]])
    assert joined.grid == whole.grid
    for name in ("embedding", "patches", "landmarks", "scale", "visible"):
        one, other = getattr(joined, name), getattr(whole, name)
        assert (one is None and other is None) or torch.equal(one, other)
    bare = Features(whole.embedding, whole.patches, whole.grid, scale=whole.scale)
    assert join_features([whole, bare]).landmarks is None


def test_embeddings_alone_are_features_without_patches() -> None:
    features = Features(torch.randn(5, 3))
    assert features.patches.shape == (5, 0, 0)
    assert len(features[torch.tensor([3, 1])]) == 2
    with pytest.raises(
        InputError, match=r"no patches in the features to be compared; give fdemd.Features\(embedding, pat"
    ):
        features.pooled((2, 2))


def test_compact_patches_are_numbers_times_their_scale() -> None:
    numbers, scale = torch.tensor([[[3, -4], [0, 127]]], dtype=torch.int8), torch.tensor([[[0.5, 2.0], [0.25, 8.0]]])
    faces = Features(torch.zeros(1, 3), numbers, (2, 1), scale=scale)
    raw = torch.tensor([[[3.0, -4.0], [0.0, 254.0]]])
    assert torch.equal(faces.raw_patches, raw)
    assert torch.equal(faces.centre, raw.mean(1))
    assert torch.equal(faces[:1].raw_patches, raw)
    assert torch.equal(faces.pooled((1, 1)).patches, raw.mean(1, keepdim=True))
    halves = faces.to(torch.float16)
    assert (halves.patches.dtype, halves.scale.dtype) == (torch.int8, torch.float16)


@pytest.mark.parametrize("dtype, scale", [(torch.int8, None), (torch.float32, torch.ones(1, 2, 2))])
def test_compact_patches_and_no_others_have_a_scale(dtype: torch.dtype, scale: torch.Tensor | None) -> None:
    with pytest.raises(InputError, match="patches is of"):
        Features(torch.zeros(1, 3), torch.ones(1, 2, 4, dtype=dtype), (2, 1), scale=scale)


def test_they_are_shown_by_their_shapes() -> None:
    features = Features(torch.randn(5, 3), torch.randn(5, 2, 2, 4), landmarks=torch.rand(5, 68, 2))
    shown = "Features(embedding=(5, 3), patches=(5, 4, 4), grid=(2, 2), landmarks=(5, 68, 2))"
    assert repr(features) == shown
