"""The Triton kernels against plain torch: on a card where there is one, else under Triton's interpreter."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fdemd.emd.engines import cuda, reference
from fdemd.emd.side import Side, side_of
from fdemd.emd.sinkhorn import Converged
from fdemd.emd.transport import Transport
from fdemd.emd.visible import with_rest
from fdemd.features import Features

pytest.importorskip("triton")

EXACT, HALF, ROUNDING = ({"atol": atol, "rtol": 0} for atol in (1e-4, 2e-3, 2e-6))
SOON = Converged(1e-2)
"""The interpreter takes some 10 ms a round."""


@pytest.fixture(autouse=True)
def bfloat16_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triton's interpreter holds bfloat16 as 16-bit integers, and would multiply these."""
    if torch.cuda.is_available():
        return
    from triton import language
    from triton.runtime.interpreter import InterpreterBuilder, TensorHandle

    def float32(operand: TensorHandle) -> TensorHandle:
        if operand.dtype.scalar != language.bfloat16:
            return operand
        return TensorHandle((operand.data.astype("uint32") << 16).view("float32"), language.float32)

    plain = InterpreterBuilder.create_dot
    monkeypatch.setattr(
        InterpreterBuilder, "create_dot", lambda self, a, b, *rest: plain(self, float32(a), float32(b), *rest)
    )


def faces(count: int, patches: int, channels: int, seed: int, dtype: torch.dtype = torch.float32) -> Features:
    """Faces that have something in common, as real ones do."""
    common = torch.randn(1, patches, channels, generator=torch.Generator().manual_seed(99))
    own = torch.randn(count, patches, channels, generator=torch.Generator().manual_seed(seed))
    return Features(torch.zeros(count, 1), (0.7 * common + own).to(dtype), (1, patches))


def sides(patches: int, channels: int, dtype: torch.dtype = torch.float32, weighting: str = "apc") -> tuple[Side, Side]:
    query, gallery = (faces(count, patches, channels, count, dtype) for count in (2, 5))
    return side_of(query, weighting), side_of(gallery, weighting)


def both(query: Side, gallery: Side, candidates: Tensor, **options: object) -> tuple[Transport, Transport]:
    options = {"eps": 0.05, "stop": SOON} | options
    found, expected = (engine.solve(query, gallery, candidates, **options) for engine in (cuda, reference))
    assert torch.equal(found.fallback, expected.fallback)
    assert torch.equal(found.unfinished, expected.unfinished)
    assert found.similarity.isfinite().all()
    return found, expected


@pytest.mark.parametrize(
    ("patches", "channels", "weighting"),
    [(1, 5, "apc"), (9, 37, "apc"), (16, 64, "sc"), (25, 100, "apc_raw"), (49, 33, "apc"), (64, 128, "uniform")],
)
def test_small_grids_give_the_scores_of_the_reference(patches: int, channels: int, weighting: str) -> None:
    found, expected = both(*sides(patches, channels, weighting=weighting), torch.tensor([[4, 0, 2], [1, 2, 3]]))
    torch.testing.assert_close(found.similarity, expected.similarity, **EXACT)


@pytest.mark.parametrize(("patches", "channels"), [(100, 20), (150, 19), (256, 32)])
def test_large_grids_give_the_scores_of_the_reference(patches: int, channels: int) -> None:
    found, expected = both(*sides(patches, channels), torch.tensor([[4], [1]]))
    torch.testing.assert_close(found.similarity, expected.similarity, **EXACT)


@settings(max_examples=6)
@given(st.integers(1, 40), st.integers(1, 80), st.integers(0, 1000), st.sampled_from(["apc", "sc_sim", "apc_raw"]))
def test_any_shape_gives_the_scores_of_the_reference(patches: int, channels: int, seed: int, weighting: str) -> None:
    query, gallery = (side_of(faces(2, patches, channels, seed + side), weighting) for side in (0, 1))
    found = cuda.solve(query, gallery, torch.tensor([[1], [0]]), eps=0.05, stop=SOON)
    expected = reference.solve(query, gallery, torch.tensor([[1], [0]]), eps=0.05, stop=SOON)
    torch.testing.assert_close(found.similarity, expected.similarity, **EXACT)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_as_it_is_stored(dtype: torch.dtype) -> None:
    found, expected = both(*sides(16, 40, dtype), torch.tensor([[4, 0, 2], [1, 2, 3]]))
    torch.testing.assert_close(found.similarity, expected.similarity, **HALF)


def test_equal_opposite_and_empty_faces_give_numbers() -> None:
    some = faces(4, 9, 16, 0).patches
    nearly = some[:1] + 1e-4 * torch.randn(1, 9, 16, generator=torch.Generator().manual_seed(1))
    empty = torch.zeros(1, 9, 16)
    one_empty_patch = some[1:2].index_fill(1, torch.tensor([4]), 0)
    patches = torch.cat([some[:1], nearly, -some[:1], empty, one_empty_patch])
    for weighting in ("apc", "uniform"):
        side = side_of(Features(torch.zeros(5, 1), patches, (3, 3)), weighting)
        found, expected = both(side, side, torch.arange(4).expand(5, -1), stop=Converged(1e-2, 10))
        torch.testing.assert_close(found.similarity, expected.similarity, **EXACT)
        assert found.fallback.any() == (weighting == "apc")


def test_what_is_covered_is_not_transported() -> None:
    query, gallery = (with_rest(side, torch.rand(side.inverse_norm.shape))[0] for side in sides(16, 24))
    found, expected = both(query, gallery, torch.tensor([[4, 0, 2], [1, 2, 3]]))
    torch.testing.assert_close(found.similarity, expected.similarity, **EXACT)


def test_weights_with_zeros_leave_their_patches_out() -> None:
    counts = torch.tensor([[0.0, 0.5, 0.5, 1.0, 0, 0, 0, 0, 2.0]])
    query, gallery = sides(9, 16, weighting="uniform")
    terms = type(gallery.terms)(counts.expand(5, -1), gallery.terms.scale, gallery.terms.context)
    gallery = Side(gallery.patches, gallery.inverse_norm, terms)
    found, expected = both(query, gallery, torch.tensor([[4, 0, 2, 1, 3], [1, 2, 3, 0, 4]]))
    torch.testing.assert_close(found.similarity, expected.similarity, **EXACT)


def test_pairs_that_share_a_program_stop_each_by_itself() -> None:
    """Four faces of 9 patches go into one program; the rounds are cut where some have converged and some have not."""
    query, gallery = sides(9, 16)
    candidates = torch.tensor([[4, 0, 2, 1, 3], [1, 2, 3, 0, 4]])
    for rounds in (1, 2, 8):
        found, expected = both(query, gallery, candidates, stop=Converged(0.1, rounds))
        torch.testing.assert_close(found.similarity, expected.similarity, **ROUNDING)
    assert 0 < found.unfinished.sum() < 10


def test_blocks_of_faces_change_nothing_and_progress_counts_each_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    query, gallery = sides(9, 16)
    whole = torch.arange(5).expand(2, -1)
    expected = reference.solve(query, gallery, whole, eps=0.05, stop=Converged(0.1))
    sizes: list[int] = []
    upload, told = cuda._upload, []

    def counting(side: Side, rows: slice, *where: object) -> object:
        sizes.append(rows.stop - rows.start)
        return upload(side, rows, *where)

    monkeypatch.setattr(cuda, "_upload", counting)
    face = 9 * 16 * 4 + 4 * (3 * 9 + 16)
    for memory, pairs_at_once, largest in ((face * 3, 2**20, 2), (0, 1, 1)):
        sizes.clear()
        monkeypatch.setattr(cuda, "_PAIRS_AT_ONCE", pairs_at_once)
        found = cuda.solve(
            query, gallery, whole, eps=0.05, stop=Converged(0.1), on_progress=told.append, card_memory=memory
        )
        torch.testing.assert_close(found.similarity, expected.similarity, **EXACT)
        assert max(sizes) == largest
    assert sum(told) == 2 * 10


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA graphics card")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("patches", "channels"), [(9, 1792), (16, 512), (42, 512), (49, 512), (64, 512), (256, 256)])
def test_a_real_card_gives_the_scores_of_the_reference(patches: int, channels: int, dtype: torch.dtype) -> None:
    query, gallery = (side_of(faces(count, patches, channels, count, dtype), "apc") for count in (20, 60))
    candidates = torch.stack([torch.randperm(60)[:33] for _ in range(20)])
    expected = reference.solve(query, gallery, candidates, eps=0.05, stop=Converged())
    for memory in (None, 2**20):
        found = cuda.solve(query, gallery, candidates, eps=0.05, stop=Converged(), card_memory=memory)
        torch.testing.assert_close(found.similarity, expected.similarity, **(EXACT if dtype == torch.float32 else HALF))
        assert not found.fallback.any()
