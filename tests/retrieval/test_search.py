"""Exact search in tiles against a full stable sort, ties and forbidden pairs included."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fdemd.retrieval import protocol
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, OFFICIAL, Labels, count_relevant, left_out_of_all, most_left_out
from fdemd.retrieval.ranking import NOBODY
from fdemd.retrieval.search import first_places, search_exactly
from fdemd.retrieval.stage1 import rank_by_cosine


def corners(count: int, seed: int) -> Tensor:
    """Vectors of 4 signs: their cosines are exact in float32, and many are equal."""
    return torch.randint(0, 2, (count, 4), generator=torch.Generator().manual_seed(seed)) * 2.0 - 1


def some_labels(count: int, seed: int) -> Labels:
    generator = torch.Generator().manual_seed(seed)
    identity, source, picture = torch.randint(0, max(1, count // 2), (3, count), generator=generator)
    return Labels(identity, source, picture)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_QUERIES_AT_ONCE", 3)
    monkeypatch.setattr(protocol, "_GALLERY_AT_ONCE", 4)


def sorted_whole(cosine: Tensor, barred: Tensor, depth: int) -> tuple[list[list[int]], Tensor]:
    """The literal way: sort every row of the table, keep the first places that are not barred."""
    scores, indices = cosine.masked_fill(barred, -torch.inf).sort(dim=1, descending=True, stable=True)
    return indices.masked_fill(scores == -torch.inf, NOBODY)[:, :depth].tolist(), scores[:, :depth]


@given(st.integers(0, 8), st.integers(1, 14), st.integers(1, 16), st.integers(0, 999))
@settings(max_examples=60)
def test_search_in_tiles_is_a_full_stable_sort(queries: int, faces: int, depth: int, seed: int) -> None:
    query, gallery = corners(queries, seed), corners(faces, seed + 1)
    barred = torch.rand(queries, faces, generator=torch.Generator().manual_seed(seed)) < 0.3
    found, scores = search_exactly(query, gallery, depth, lambda rows, columns: barred[rows, columns])
    expected, expected_scores = sorted_whole(query @ gallery.T / 4, barred, depth)
    assert found.tolist() == expected
    assert torch.equal(scores, expected_scores)


@given(st.integers(1, 20), st.integers(1, 25), st.integers(0, 999), st.booleans())
@settings(max_examples=60)
def test_the_first_places_are_those_of_a_full_stable_sort(faces: int, depth: int, seed: int, ties: bool) -> None:
    scores = torch.rand(5, faces, generator=torch.Generator().manual_seed(seed))
    scores = (4 * scores).round() if ties else scores
    order = scores.sort(dim=1, descending=True, stable=True).indices[:, :depth]
    assert torch.equal(first_places(scores, depth), order)


@given(st.integers(1, 3), st.integers(1, 7), st.integers(0, 999), st.sampled_from([OFFICIAL, LEAVE_TWIN_OUT]))
@settings(max_examples=30)
def test_tiles_of_any_size_give_one_ranking(height: int, width: int, seed: int, name: str) -> None:
    query, gallery = corners(7, seed), corners(11, seed + 1)
    who, others = some_labels(7, seed), some_labels(11, seed + 1)
    whole = rank_by_cosine(query, gallery, who, others, protocol=name, depth=5)
    right = count_relevant(who, others, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "_QUERIES_AT_ONCE", height)
        patch.setattr(protocol, "_GALLERY_AT_ONCE", width)
        again = rank_by_cosine(query, gallery, who, others, protocol=name, depth=5)
        assert torch.equal(count_relevant(who, others, name), right)
    assert torch.equal(again.indices, whole.indices)
    barred = left_out_of_all(who, others, name)
    assert whole.indices.tolist() == sorted_whole(query @ gallery.T, barred, 5)[0]
    assert barred.sum(1).max() <= most_left_out(who, others, name)
    assert torch.equal(right, ((who.identity[:, None] == others.identity) & ~barred).sum(1))


def test_no_more_than_a_tile_is_compared_at_a_time() -> None:
    sizes = []

    def nobody(rows: slice, columns: slice) -> Tensor:
        sizes.append((rows.stop - rows.start, columns.stop - columns.start))
        return torch.zeros(sizes[-1], dtype=torch.bool)

    search_exactly(corners(7, 0), corners(9, 1), 2, nobody)
    assert sorted(set(sizes)) == [(1, 1), (1, 4), (3, 1), (3, 4)]
