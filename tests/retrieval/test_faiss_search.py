"""Indices by FAISS against the exact search."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fdemd.errors import InputError
from fdemd.retrieval import faiss_search
from fdemd.retrieval.faiss_search import FaissIndex, check_installed
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, OFFICIAL, Labels, left_out
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.stage1 import measure_recall, rank_by_cosine
from fdemd.settings.ranking import FlatSearch, HnswSearch, IndexedSearch, IvfPqSearch, IvfSearch

pytest.importorskip("faiss")


def people(count: int, each: int, spread: float, seed: int) -> Tensor:
    """Embeddings in clusters, as those of people with several photographs are."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(count, 1, 16, generator=torch.Generator().manual_seed(1))
    return (centres + spread * torch.randn(count, each, 16, generator=generator)).flatten(0, 1)


def labels(count: int, first: int = 0) -> Labels:
    numbers = torch.arange(first, first + count)
    return Labels(numbers // 10, numbers, numbers)


def rank(
    query: Tensor, gallery: Tensor, index: FaissIndex | None, protocol: str = OFFICIAL, depth: int = 20
) -> Ranking:
    who, others = labels(len(query)), labels(len(gallery))
    return rank_by_cosine(query, gallery, who, others, protocol=protocol, depth=depth, index=index)


@given(st.integers(1, 8), st.integers(1, 30), st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=30)
def test_a_flat_index_gives_the_exact_ranking(queries: int, faces: int, depth: int, seed: int) -> None:
    query, gallery = (torch.randn(n, 16, generator=torch.Generator().manual_seed(seed + n)) for n in (queries, faces))
    index = FaissIndex(FlatSearch(), gallery, seed)
    for protocol in (OFFICIAL, LEAVE_TWIN_OUT):
        found, exact = (rank(query, gallery, each, protocol, depth) for each in (index, None))
        assert torch.equal(found.indices, exact.indices)
        torch.testing.assert_close(found.scores, exact.scores)


def test_equal_faces_come_in_the_order_of_the_gallery() -> None:
    gallery = torch.eye(16)[[3, 3, 1, 3]]
    found, _ = FaissIndex(FlatSearch(), gallery, 0).search(torch.eye(16)[3:4], 4)
    assert found.tolist() == [[0, 1, 3, 2]]


@pytest.mark.parametrize(
    ("index", "floor"),
    [
        (IvfSearch(nlist=40, nprobe=8), 0.95),
        (IvfPqSearch(nlist=40, nprobe=8, code=8), 0.95),
        (HnswSearch(), 0.97),
        (FlatSearch(), 1),
    ],
)
def test_an_approximate_index_finds_nearly_all(index: IndexedSearch, floor: float) -> None:
    query, gallery = people(100, 2, 0.5, 2), people(100, 20, 0.5, 3)
    built = FaissIndex(index, gallery, 0)
    ranking = rank(query, gallery, built, LEAVE_TWIN_OUT)
    measured = measure_recall(
        built, ranking, query, gallery, labels(len(query)), labels(len(gallery)), LEAVE_TWIN_OUT, 20, seed=0
    )
    exact = rank(query, gallery, None, LEAVE_TWIN_OUT)
    hits = [len({*a} & {*b}) / 20 for a, b in zip(ranking.indices.tolist(), exact.indices.tolist(), strict=True)]
    assert measured.mean == pytest.approx(sum(hits) / 200)
    assert (measured.depth, measured.queries) == (20, 200)
    assert measured.mean >= floor
    assert not left_out(labels(200), labels(2000), ranking.indices, LEAVE_TWIN_OUT).any()


def test_searching_fewer_cells_finds_less_and_all_of_them_everything() -> None:
    query, gallery = people(100, 1, 1.0, 2), people(100, 20, 1.0, 3)
    exact = rank(query, gallery, None).indices
    shares = []
    for nprobe in (1, 4, 40):
        found = rank(query, gallery, FaissIndex(IvfSearch(nlist=40, nprobe=nprobe), gallery, 0)).indices
        shares.append(sum(len({*a} & {*b}) for a, b in zip(found.tolist(), exact.tolist(), strict=True)))
    assert shares[0] < shares[1] < shares[2] == exact.numel()


def test_codes_only_choose_what_is_looked_at() -> None:
    """The cosines are those of the embeddings, and the more of these are looked at, the more is found."""
    query, gallery = people(100, 1, 1.0, 2), people(100, 20, 1.0, 3)
    exact, shares = rank(query, gallery, None), []
    for refine in (1, 4, 100):
        index = FaissIndex(IvfPqSearch(nlist=4, nprobe=4, code=4, refine=refine), gallery, 0)
        found = rank(query, gallery, index)
        cosine = torch.nn.functional.cosine_similarity(query[:, None], gallery[found.indices], dim=2)
        torch.testing.assert_close(found.scores, cosine)
        both = zip(found.indices.tolist(), exact.indices.tolist(), strict=True)
        shares.append(sum(len({*a} & {*b}) for a, b in both))
    assert shares[0] < shares[1] < shares[2] == exact.indices.numel()


@pytest.mark.parametrize("kind", [IvfSearch(nlist=40, nprobe=8), IvfPqSearch(nlist=40, nprobe=8, code=8), FlatSearch()])
def test_a_gallery_is_added_in_portions(kind: IndexedSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    query, gallery = people(100, 1, 0.5, 2), people(100, 20, 0.5, 3)
    whole = FaissIndex(kind, gallery, 0).search(query, 10)
    monkeypatch.setattr(faiss_search, "AT_ONCE", 300)
    for one, other in zip(FaissIndex(kind, gallery, 0).search(query, 10), whole, strict=True):
        assert torch.equal(one, other)


def test_what_an_index_does_not_find_is_nobody_at_the_end() -> None:
    """Of 10 cells with 2 faces each, one is searched for 5 faces."""
    gallery = torch.eye(16)[:10].repeat_interleave(2, dim=0)
    found, cosine = FaissIndex(IvfSearch(nlist=10, nprobe=1), gallery, 0).search(torch.eye(16)[4:5], 5)
    assert found.tolist() == [[8, 9, NOBODY, NOBODY, NOBODY]]
    assert cosine[0, 2:].tolist() == [-torch.inf] * 3


@pytest.mark.parametrize("settings", [IvfSearch(nlist=30, nprobe=2), HnswSearch(m=4, ef_construction=8, ef_search=4)])
def test_equal_seeds_give_equal_indices(settings: IndexedSearch) -> None:
    query, gallery = people(50, 1, 2.0, 2), people(50, 20, 2.0, 3)
    one, same, other = (FaissIndex(settings, gallery, seed).search(query, 10)[0] for seed in (5, 5, 6))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_an_index_is_called_by_its_settings_and_the_cells_it_has() -> None:
    index = FaissIndex(IvfSearch(), people(10, 10, 1.0, 0), 0)
    assert str(index) == "faiss_ivf (nlist 40, nprobe 64)"
    assert str(FaissIndex(FlatSearch(), people(2, 2, 1.0, 0), 0)) == "faiss_flat"


@pytest.mark.parametrize(
    "kind",
    [
        HnswSearch(m=2, ef_construction=1, ef_search=1),
        HnswSearch(m=1024, ef_construction=2**31 - 1, ef_search=2**31 - 1),
        IvfSearch(nlist=1, nprobe=2**31 - 1),
        IvfSearch(nlist=4, nprobe=1),
        FlatSearch(),
    ],
)
def test_all_settings_in_range_work_for_any_gallery(kind: IndexedSearch) -> None:
    for gallery in (people(2, 2, 1.0, 0), people(20, 10, 1.0, 0)):
        found, cosine = FaissIndex(kind, gallery, 2**40).search(gallery[:3], 3)
        exact = torch.nn.functional.normalize(gallery, dim=1) @ torch.nn.functional.normalize(gallery[:3], dim=1).T
        assert (found[:, 0] != NOBODY).all()
        known = exact.T.gather(1, found.clamp_min(0)).masked_fill(found == NOBODY, -torch.inf)
        torch.testing.assert_close(cosine, known)
        assert (cosine[:, 1:] <= cosine[:, :-1]).all()


def test_an_empty_gallery_has_no_index_and_no_places_are_filled_by_nothing() -> None:
    with pytest.raises(ValueError, match="A gallery of 0 embeddings of 16 numbers has no index"):
        FaissIndex(FlatSearch(), torch.empty(0, 16), 0)
    index = FaissIndex(FlatSearch(), people(2, 2, 1.0, 0), 0)
    assert [part.shape for part in index.search(torch.ones(3, 16), 0)] == [(3, 0)] * 2


def test_more_cells_than_faces_are_refused() -> None:
    with pytest.raises(InputError, match="nlist is 50, but the gallery has only 4"):
        FaissIndex(IvfSearch(nlist=50), people(2, 2, 1.0, 0), 0)


def test_without_faiss_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'fdemd\[faiss\]'"):
        check_installed(FlatSearch())


def test_the_recall_of_no_queries_is_no_number() -> None:
    gallery, nothing = people(2, 2, 1.0, 0), torch.zeros(0, 16)
    index = FaissIndex(FlatSearch(), gallery, 0)
    found = rank(nothing, gallery, index)
    recall = measure_recall(index, found, nothing, gallery, labels(0), labels(4), OFFICIAL, 20, seed=0)
    assert math.isnan(recall.mean)
    assert recall.queries == 0
