"""A side of the transport problems: unit patches and terms, in chunks and for numbers of any size."""

import pytest
import torch

from fdemd.emd import side as module
from fdemd.emd.side import Side, side_of
from fdemd.emd.weighting import WEIGHTINGS
from fdemd.features import Features


def faces(count: int = 5, dtype: torch.dtype = torch.float32, scale: float = 1.0) -> Features:
    patches = torch.randn(count, 6, 8) * scale
    return Features(torch.randn(count, 8), patches.to(dtype), (2, 3), torch.rand(count, 68, 2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_patches_stay_as_they_are_stored_and_are_given_with_length_1(dtype: torch.dtype) -> None:
    features = faces(dtype=dtype)
    side = side_of(features, "apc")
    assert side.patches is features.patches
    unit = side.unit(torch.tensor([3, 0]))
    torch.testing.assert_close(unit, torch.nn.functional.normalize(features.patches[[3, 0]].float(), dim=-1))


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_the_size_of_a_chunk_changes_nothing(weighting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    features = faces()
    whole = side_of(features, weighting)
    monkeypatch.setattr(module, "_NUMBERS_AT_ONCE", 2 * 6 * 8)
    parts = side_of(features, weighting)
    for name in ("offset", "scale", "context"):
        assert torch.equal(getattr(parts.terms, name), getattr(whole.terms, name))
    assert torch.equal(parts.inverse_norm, whole.inverse_norm)


def test_patches_too_long_for_float32_are_brought_to_a_length_of_about_1() -> None:
    features = faces(dtype=torch.float64, scale=1e30)
    side = side_of(features, "apc")
    assert side.patches.float().norm(dim=-1).isfinite().all()
    expected = torch.nn.functional.normalize(features.patches, dim=-1).float()
    torch.testing.assert_close(side.unit(slice(None)), expected)


def test_its_length_is_the_number_of_faces() -> None:
    assert len(side_of(faces(7), "uniform")) == 7


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    side = side_of(faces(), "apc")
    with pytest.raises(ValueError, match="inverse_norm"):
        Side(side.patches, side.inverse_norm[:-1], side.terms)
