"""All engines take and refuse the same, and no patch that is finite is too large or too small for them."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch

from fdemd.emd import WEIGHTINGS, Converged, emd_similarity
from fdemd.emd.engines import cpu, cuda, reference
from fdemd.emd.pairs import check_pairs
from fdemd.emd.side import Side, side_of
from fdemd.errors import InputError
from fdemd.features import Features

SOME = torch.tensor([[0, 2], [1, 1]])


@pytest.fixture(params=["reference", "cpu", "cuda"])
def engine(request: pytest.FixtureRequest) -> ModuleType:
    if request.param == "cuda":
        pytest.importorskip("triton")
    if request.param == "cpu" and cpu.missing():
        pytest.skip(cpu.missing())
    return {"reference": reference, "cpu": cpu, "cuda": cuda}[request.param]


def faces(count: int, patches: int = 4, channels: int = 5) -> Features:
    generator = torch.Generator().manual_seed(count)
    common = torch.randn(1, patches, channels, generator=torch.Generator().manual_seed(9))
    values = common + torch.randn(count, patches, channels, generator=generator)
    return Features(torch.zeros(count, channels) + 1, values, (1, patches), torch.rand(count, 68, 2))


def side(*sizes: int) -> Side:
    return side_of(faces(*sizes), "apc")


def solved(engine: ModuleType, query: Side, gallery: Side, candidates: torch.Tensor) -> torch.Tensor:
    return engine.solve(query, gallery, candidates, eps=0.05, stop=Converged(1e-2, 30)).similarity


@pytest.mark.parametrize(
    ("change", "error", "complaint"),
    [
        (lambda rows: rows.float(), ValueError, "candidates is of float32"),
        (lambda rows: rows > 0, ValueError, "candidates is of bool"),
        (lambda rows: rows + 1, InputError, "rows of a gallery of 3"),
        (lambda rows: rows - 5, InputError, "rows of a gallery of 3"),
        (lambda rows: rows + 2**40, InputError, "rows of a gallery of 3"),
        (lambda rows: rows.repeat(2, 1), ValueError, r"candidates is \(4, 2\)"),
        (lambda rows: rows[:1], ValueError, r"candidates is \(1, 2\)"),
        (lambda rows: rows[0], ValueError, r"candidates is \(2\)"),
        (lambda rows: rows.to("meta"), ValueError, "no values"),
    ],
)
def test_candidates_that_are_no_rows_are_refused(
    engine: ModuleType, change: Callable[[torch.Tensor], torch.Tensor], error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        solved(engine, side(2), side(3), change(SOME))


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32])
def test_whole_numbers_of_any_size_and_from_the_end_are_rows(engine: ModuleType, dtype: torch.dtype) -> None:
    expected = solved(engine, side(2), side(3), SOME)
    assert torch.equal(solved(engine, side(2), side(3), SOME.to(dtype)), expected)
    assert torch.equal(solved(engine, side(2), side(3), SOME - 3), expected)


@pytest.mark.parametrize("sizes", [(3, 5, 5), (3, 4, 6)])
def test_other_grids_and_channels_are_refused(engine: ModuleType, sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"query is \(2, 4, 5\) and gallery is \(3,"):
        solved(engine, side(2), side(*sizes), SOME)


@pytest.mark.parametrize(
    ("patches", "channels", "sentence"),
    [(4, 0, "4 patches of 0 numbers cannot be compared"), (0, 5, "There are no patches in query to be compared")],
)
def test_faces_without_numbers_cannot_be_compared(patches: int, channels: int, sentence: str) -> None:
    for name in ("cpu", "reference"):
        with pytest.raises(ValueError, match=sentence):
            emd_similarity(faces(2, patches, channels), faces(3, patches, channels), SOME, engine=name)


def test_a_gallery_that_all_queries_share_stays_one_row() -> None:
    everyone = torch.arange(-3, 0).expand(2, -1)
    assert check_pairs(side(2), side(3), everyone).stride(0) == 0


def test_a_side_made_by_hand_is_checked() -> None:
    whole = side(2)
    with pytest.raises(ValueError, match="inverse_norm is of float64"):
        Side(whole.patches, whole.inverse_norm.double(), whole.terms)
    with pytest.raises(ValueError, match=r"offset is \(1, 4\)"):
        Side(whole.patches, whole.inverse_norm, whole.terms[:1])


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("weighting", sorted(WEIGHTINGS.keys() - {"uew"}))
def test_patches_that_are_not_finite_are_refused_whatever_the_engine(weighting: str, value: float) -> None:
    spoilt = faces(3)
    spoilt.patches[1, 2, 3] = value
    for name in ("cpu", "reference"):
        with pytest.raises(InputError, match="Some values of the patches are not finite"):
            emd_similarity(faces(2), spoilt, SOME, weighting=weighting, engine=name)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("weighting", sorted(WEIGHTINGS.keys() - {"uew"}))
def test_scaling_the_patches_by_any_power_of_two_changes_no_score(weighting: str, dtype: torch.dtype) -> None:
    """Up to the largest float32, down to where its numbers have no digits left, and beyond both in float64."""
    query, gallery = faces(2).to(dtype), faces(3).to(dtype)
    for name in ("cpu", "reference"):
        expected = emd_similarity(query, gallery, SOME, weighting=weighting, engine=name)
        wide = dtype == torch.float64
        for power in (-120, -80, -45, -20, 20, 55, 64, 90, 124, *((-400, 400) if wide else ())):
            scaled = (
                Features(each.embedding, each.patches * 2.0**power, each.grid, each.landmarks)
                for each in (query, gallery)
            )
            found = emd_similarity(*scaled, SOME, weighting=weighting, engine=name)
            torch.testing.assert_close(found.similarity, expected.similarity, atol=2e-6, rtol=0)
            assert torch.equal(found.fallback, expected.fallback)


def test_extreme_patches_beside_ordinary_ones(engine: ModuleType) -> None:
    """A weighting that does not know a patch's length gives the score of the patches of length 1."""
    query, gallery = faces(2), faces(3)
    lengths = torch.tensor([1e-35, 1e-15, 1, 1e30])[:, None]
    uneven = Features(gallery.embedding, gallery.patches * lengths, gallery.grid)
    expected = solved(engine, side_of(query, "uniform"), side_of(gallery, "uniform"), SOME)
    found = solved(engine, side_of(query, "uniform"), side_of(uneven, "uniform"), SOME)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_a_row_that_stands_for_all_stays_one_row_of_memory(dtype: torch.dtype) -> None:
    everyone = torch.arange(3, dtype=dtype).expand(2, -1)
    rows = check_pairs(side(2), side(3), everyone)
    assert rows.dtype == torch.int64
    assert rows.stride() == (0, 1)
    assert torch.equal(rows, everyone)
