"""Compact patches: what is kept of directions and lengths, and that whoever compares them finds nearly the same."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import normalize

from fdemd.emd import WEIGHTINGS, emd_similarity
from fdemd.emd.compact import BYTES_A_FACE, PatchMap, channels_within, compact, fit_patch_map, map_within
from fdemd.errors import InputError
from fdemd.features import Features


def faces(count: int = 40, patches: int = 9, channels: int = 32, rank: int | None = None, seed: int = 0) -> Features:
    """Faces that have something in common, whose patches span ``rank`` dimensions."""
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(1, patches, rank or channels, generator=generator)
    own = torch.randn(count, patches, rank or channels, generator=generator)
    basis = torch.randn(rank or channels, channels, generator=torch.Generator().manual_seed(99))
    values = (common + 0.7 * own) @ basis
    return Features(values.mean(1), values, (3, patches // 3), torch.rand(count, 68, 2, generator=generator))


@given(exponent=st.integers(-30, 30), channels=st.sampled_from([1, 2, 7, 64]), seed=st.integers(0, 999))
def test_a_number_is_wrong_by_half_a_step_at_most(exponent: int, channels: int, seed: int) -> None:
    patches = torch.randn(3, 4, channels, generator=torch.Generator().manual_seed(seed)) * 2.0**exponent
    patches[0, 1] = 0
    found = compact(Features(torch.zeros(3, 1), patches, (2, 2)))
    step, length = found.scale.float().unbind(-1)
    directions = found.patches.float() * step[..., None]
    assert found.patches.abs().max() <= 127
    assert ((directions - normalize(patches, dim=-1)).abs() <= 0.501 * step[..., None]).all()
    shares, wanted = (each / each.amax(-1, keepdim=True) for each in (length, patches.norm(dim=-1)))
    torch.testing.assert_close(shares, wanted, atol=1e-7, rtol=1e-3)


@pytest.mark.parametrize("weighting", sorted(WEIGHTINGS.keys() - {"uew"}))
def test_similarities_hardly_change(weighting: str) -> None:
    full = faces(channels=64)
    found = emd_similarity(compact(full), compact(full), weighting=weighting).similarity
    expected = emd_similarity(full, full, weighting=weighting).similarity
    torch.testing.assert_close(found, expected, atol=5e-3, rtol=0)


def test_a_map_to_as_many_channels_as_the_patches_span_loses_nothing() -> None:
    full = faces(channels=64, rank=12)
    fitted = fit_patch_map(full, 12)
    found = compact(full, fitted)
    assert found.patches.shape == (40, 9, 12)
    expected = emd_similarity(full, full).similarity
    torch.testing.assert_close(emd_similarity(found, found).similarity, expected, atol=1e-2, rtol=0)
    torch.testing.assert_close(fitted.matrix.T @ fitted.matrix, torch.eye(12), atol=1e-5, rtol=0)


def test_no_map_to_as_many_channels_keeps_products_better_than_the_fitted_one() -> None:
    full = faces()
    directions = normalize(full.patches, dim=-1).flatten(0, 1)
    wanted = directions @ directions.T

    def error(matrix: torch.Tensor) -> float:
        mapped = directions @ matrix
        return float((mapped @ mapped.T - wanted).norm())

    best = error(fit_patch_map(full, 8).matrix)
    for seed in range(5):
        random = torch.linalg.qr(torch.randn(32, 8, generator=torch.Generator().manual_seed(seed)))[0]
        assert best < error(random)


def test_a_map_is_known_by_its_digest() -> None:
    one, again, other = (fit_patch_map(faces(seed=seed), 8) for seed in (0, 0, 1))
    assert one.sha256 == again.sha256 != other.sha256
    assert len(one.sha256) == 64


@given(patches=st.integers(1, 200), channels=st.integers(1, 2000))
def test_a_face_is_never_larger_than_it_may_be(patches: int, channels: int) -> None:
    kept = channels_within(patches, channels)
    assert 1 <= kept <= channels
    assert patches * (kept + 4) <= BYTES_A_FACE
    assert kept == channels or patches * (kept + 5) > BYTES_A_FACE


def test_channels_are_left_out_only_where_there_is_no_room() -> None:
    assert map_within(faces()) is None
    fitted = map_within(faces(), bytes_a_face=180)
    assert fitted is not None and fitted.matrix.shape == (32, 16)


def test_mistakes_are_told_in_a_sentence() -> None:
    with pytest.raises(InputError, match="too few for 5000 patches"):
        channels_within(5000, 3)
    with pytest.raises(InputError, match="32 channels cannot be mapped to 33"):
        fit_patch_map(faces(), 33)
    with pytest.raises(InputError, match="takes patches of 16 channels, and these have 32"):
        compact(faces(), PatchMap(torch.eye(16)))
    with pytest.raises(InputError, match="not finite"):
        compact(Features(torch.zeros(1, 1), torch.full((1, 1, 2), torch.nan), (1, 1)))
