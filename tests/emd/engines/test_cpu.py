"""The compiled engine against the reference, on every instruction set of this machine."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import interpolate

from fdemd.backbones import Backbone
from fdemd.data.sources import orl_manifest
from fdemd.emd import WEIGHTINGS, Converged, emd_similarity
from fdemd.emd.compact import compact
from fdemd.emd.engines import cpu, reference
from fdemd.emd.side import side_of
from fdemd.emd.transport import Transport
from fdemd.faces.reading import read_image
from fdemd.features import Features
from fdemd.retrieval.ranking import sorted_by_score

pytestmark = pytest.mark.skipif(bool(cpu.missing()), reason=cpu.missing())

SIZES = [*range(1, 12), 16, 25, 34, 35, 42, 49, 63, 64, 65, 70]
CHANNELS = [1, 2, 3, 8, 15, 17, 64, 128, 513, 1792]
KINDS = ("random", "nearly equal", "opposite", "some zero", "positive", "large", "small")
F32, F16, BF16, I8 = torch.float32, torch.float16, torch.bfloat16, torch.int8
SUMS_TO_1 = sorted(WEIGHTINGS.keys() - {"uew"})


def faces(count: int, patches: int, channels: int, kind: str = "random", seed: int = 0) -> Features:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, patches, channels, generator=generator)
    common = torch.randn(1, patches, channels, generator=torch.Generator().manual_seed(99))
    values = {
        "random": noise,
        "nearly equal": common + 1e-3 * noise,
        "opposite": torch.where(torch.arange(count)[:, None, None] % 2 == 0, common, -common) + 1e-3 * noise,
        "some zero": noise * (torch.rand(count, patches, 1, generator=generator) < 0.7),
        "positive": noise.abs(),
        "large": 1e4 * noise,
        "small": 1e-3 * noise,
    }[kind]
    embedding = torch.randn(count, channels, generator=generator)
    return Features(embedding, values, (patches, 1), torch.rand(count, 68, 2, generator=generator) * 1.2 - 0.1)


def stored(features: Features, dtype: torch.dtype) -> Features:
    return compact(features) if dtype == I8 else features.to(dtype)


def solved(
    query: Features, gallery: Features, candidates: Tensor, weighting: str = "apc", **options: object
) -> Transport:
    arguments: dict = {"eps": 0.05, "stop": Converged(), "on_progress": lambda pairs: None} | options
    return cpu.solve(side_of(query, weighting), side_of(gallery, weighting), candidates, **arguments)


def assert_equal(found: Transport, expected: Transport) -> None:
    assert found.similarity.isfinite().all()
    torch.testing.assert_close(found.similarity, expected.similarity, atol=1e-4, rtol=0)
    assert torch.equal(found.fallback, expected.fallback)


@given(
    patches=st.sampled_from(SIZES),
    channels=st.sampled_from(CHANNELS),
    kinds=st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
    weighting=st.sampled_from(SUMS_TO_1),
    eps=st.sampled_from([0.03, 0.05, 0.5]),
    dtypes=st.sampled_from([(F32, F32), (F16, F16), (BF16, BF16), (I8, I8), (F32, BF16), (F16, F32), (F16, I8)]),
    instructions=st.sampled_from(cpu.INSTRUCTIONS or ("none",)),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=150)
def test_scores_equal_the_reference(
    patches: int,
    channels: int,
    kinds: tuple[str, str],
    weighting: str,
    eps: float,
    dtypes: tuple[torch.dtype, torch.dtype],
    instructions: str,
    seed: int,
) -> None:
    query = stored(faces(2, patches, channels, kinds[0], seed), dtypes[0])
    gallery = stored(faces(4, patches, channels, kinds[1], seed + 1), dtypes[1])
    candidates = torch.tensor([[3, 0, 1], [2, 2, 0]])
    expected = emd_similarity(query, gallery, candidates, weighting=weighting, eps=eps, engine="reference")
    found = solved(query, gallery, candidates, weighting, eps=eps, instructions=instructions)
    if weighting == "sc" and channels == 1:
        # Cosines of 1 alone leave weights, sums of 1 - cosine, that are rounding errors: whether they count as none is
        # chance, and either way the scores are the same.
        expected = replace(expected, fallback=found.fallback)
    assert_equal(found, expected)


@pytest.mark.parametrize("dtype", [F32, BF16, I8])
@pytest.mark.parametrize("instructions", cpu.INSTRUCTIONS)
def test_a_large_grid(instructions: str, dtype: torch.dtype) -> None:
    query, gallery = (stored(faces(n, 256, 40, "positive", seed=n), dtype) for n in (1, 3))
    candidates = torch.tensor([[2, 0, 1]])
    expected = emd_similarity(query, gallery, candidates, engine="reference")
    assert_equal(solved(query, gallery, candidates, instructions=instructions), expected)


@pytest.mark.parametrize("instructions", cpu.INSTRUCTIONS)
def test_sums_of_the_largest_whole_numbers_fit(instructions: str) -> None:
    """All numbers of 2,000 channels are 127 or -127, those of the contexts, too."""
    signs = torch.randn(2000, generator=torch.Generator().manual_seed(0)).sign()
    numbers = (127 * signs).to(I8).expand(2, 9, 2000)
    gallery = Features(torch.zeros(2, 1), numbers, (3, 3), scale=torch.full((2, 9, 2), 1e-4))
    query = gallery[:1]
    candidates = torch.tensor([[1, 0]])
    expected = emd_similarity(query, gallery, candidates, engine="reference")
    assert_equal(solved(query, gallery, candidates, instructions=instructions), expected)


def test_it_is_the_engine_that_is_used_on_a_processor() -> None:
    query, gallery = faces(2, 9, 8), faces(3, 9, 8, seed=1)
    candidates = torch.tensor([[0, 1], [2, 0]])
    found = emd_similarity(query, gallery, candidates)
    assert found.engine == "cpu"
    assert torch.equal(found.similarity, solved(query, gallery, candidates).similarity)


def test_numbers_that_the_engine_cannot_read_are_brought_to_float32() -> None:
    query, gallery, candidates = faces(2, 9, 8), faces(3, 9, 8, seed=1), torch.tensor([[0, 1], [2, 0]])
    found = solved(query.to(torch.float64), gallery.to(torch.float64), candidates)
    assert torch.equal(found.similarity, solved(query, gallery, candidates).similarity)


def test_patches_may_lie_anywhere() -> None:
    """The same patches as a transposed view, at an odd address."""
    query, gallery, candidates = faces(2, 9, 7), faces(3, 9, 7, seed=1), torch.tensor([[0, 1], [2, 0]])
    expected = solved(query, gallery, candidates).similarity
    turned = Features(gallery.embedding, gallery.patches.mT.contiguous().mT, gallery.grid)
    torch.testing.assert_close(solved(query, turned, candidates).similarity, expected, atol=1e-6, rtol=0)
    halves = gallery.to(torch.float16)
    moved = torch.cat([torch.zeros(1, dtype=torch.float16), halves.patches.flatten()])[1:].view(3, 9, 7)
    odd = Features(halves.embedding, moved, halves.grid)
    assert torch.equal(solved(query, odd, candidates).similarity, solved(query, halves, candidates).similarity)


def test_the_number_of_threads_and_the_size_of_a_call_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    query, gallery = faces(7, 16, 20), faces(9, 16, 20, seed=1)
    candidates = torch.stack([torch.randperm(9)[:8] for _ in range(7)])
    whole = solved(query, gallery, candidates)
    before, told = torch.get_num_threads(), []
    monkeypatch.setattr(cpu, "_PLACES_AT_ONCE", 3)
    monkeypatch.setattr(cpu, "_PRODUCTS_AT_ONCE", 1)
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            cut = solved(query, gallery, candidates, on_progress=told.append)
            assert torch.equal(cut.similarity, whole.similarity)
            assert sum(told) == 56 and min(told) > 0
            told.clear()
    finally:
        torch.set_num_threads(before)


def test_the_order_of_queries_and_candidates_changes_nothing() -> None:
    query, gallery = faces(5, 16, 20), faces(40, 16, 20, seed=1)
    candidates = torch.stack([torch.randperm(40)[:30] for _ in range(5)])
    straight = solved(query, gallery, candidates).similarity
    rows, columns = torch.randperm(5), torch.randperm(30)
    moved = solved(query[rows], gallery, candidates[rows][:, columns]).similarity
    assert torch.equal(moved, straight[rows][:, columns])


def test_a_whole_gallery_is_not_written_out_for_each_query() -> None:
    query, gallery = faces(3, 9, 8), faces(5, 9, 8, seed=1)
    everyone = torch.arange(5).expand(3, -1)
    assert torch.equal(
        solved(query, gallery, everyone).similarity, solved(query, gallery, everyone.contiguous()).similarity
    )
    turned = torch.arange(15).view(5, 3).T % 5
    assert torch.equal(
        solved(query, gallery, turned).similarity, solved(query, gallery, turned.contiguous()).similarity
    )


@pytest.mark.parametrize("shape", [(2, 0), (0, 3), (0, 0)])
def test_no_candidates_give_no_scores(shape: tuple[int, int]) -> None:
    found = solved(faces(2, 9, 8)[: shape[0]], faces(3, 9, 8), torch.empty(shape, dtype=torch.long))
    assert found.similarity.shape == found.fallback.shape == found.unfinished.shape == shape


def test_pairs_that_run_out_of_rounds_are_reported() -> None:
    query, gallery = faces(2, 16, 20), faces(3, 16, 20, seed=1)
    candidates = torch.tensor([[0, 1], [2, 0]])
    for rounds in (1, 2, 5):
        stop = Converged(1e-6, max_rounds=rounds)
        found, expected = solved(query, gallery, candidates, stop=stop), reference_of(query, gallery, candidates, stop)
        assert found.unfinished.all() and expected.unfinished.all()
        torch.testing.assert_close(found.similarity, expected.similarity, atol=2e-6, rtol=0)
    assert not solved(query, gallery, candidates).unfinished.any()


def reference_of(query: Features, gallery: Features, candidates: Tensor, stop: Converged) -> Transport:
    return reference.solve(side_of(query, "apc"), side_of(gallery, "apc"), candidates, eps=0.05, stop=stop)


def test_products_alone_leave_no_scores() -> None:
    found = solved(faces(2, 9, 8), faces(3, 9, 8, seed=1), torch.tensor([[0, 1], [2, 0]]), products_only=True)
    assert (found.similarity == 0).all()


@pytest.fixture(scope="module")
def people(dlib_net: Backbone) -> Features:
    """The first 12 people of ORL, 10 photographs each, as dlib's network sees them, not aligned."""
    manifest = orl_manifest()
    images = [torch.from_numpy(read_image(manifest.file(photograph))) for photograph in manifest.photographs[:120]]
    faces = torch.stack(images).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        return dlib_net(interpolate(faces, dlib_net.face_size, mode="bilinear"))


@pytest.mark.parametrize("grid", [(8, 8), (3, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_real_faces_are_ranked_as_by_the_reference(people: Features, grid: tuple[int, int], dtype: torch.dtype) -> None:
    """Places differ only between scores that are closer than the engines are."""
    faces = people.pooled(grid).to(dtype)
    candidates = torch.arange(len(faces)).expand(30, -1)
    found = emd_similarity(faces[:30], faces, candidates, engine="cpu").similarity
    expected = emd_similarity(faces[:30], faces, candidates, engine="reference").similarity
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    ours, theirs = (expected.gather(1, sorted_by_score(scores)) for scores in (found, expected))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
