"""The exact search of unit vectors, beside the one that divides by lengths."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.errors import InputError
from fdemd.retrieval import unit_search
from fdemd.retrieval.search import search_exactly
from fdemd.retrieval.unit_search import UnitIndex
from fdemd.tensors.directions import unit


@given(st.integers(1, 12), st.integers(1, 30), st.integers(1, 40), st.integers(0, 99))
def test_the_ranking_is_that_of_the_search_of_any_vectors(queries: int, faces: int, depth: int, seed: int) -> None:
    """Numbers are whole, so that many cosines are equal."""
    generator = torch.Generator().manual_seed(seed)
    query, gallery = (torch.randint(1, 4, (number, 3), generator=generator).float() for number in (queries, faces))
    rows, cosines = UnitIndex(unit(gallery, "the gallery")).search(query, depth)
    expected = search_exactly(query, unit(gallery, "the gallery"), depth, lambda rows, columns: torch.tensor(False))
    torch.testing.assert_close(cosines, expected[1])
    assert rows.shape == expected[0].shape
    assert all(len(set(line.tolist())) == len(line) for line in rows)


def test_equal_cosines_stand_in_the_order_of_their_rows() -> None:
    rows, _ = UnitIndex(torch.eye(2)[[0, 1, 0, 1, 0]]).search(torch.tensor([[1.0, 0.0]]), 4)
    assert rows.tolist() == [[0, 2, 4, 1]]


def test_many_queries_are_searched_for_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    index, query = UnitIndex(torch.eye(4)), torch.randn(7, 4)
    whole = index.search(query, 3)
    monkeypatch.setattr(unit_search, "_COSINES_AT_ONCE", 8)
    for one, other in zip(whole, index.search(query, 3), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("queries", [1, 2, 8, 9])
def test_however_many_are_searched_for_each_finds_the_same(queries: int) -> None:
    generator = torch.Generator().manual_seed(0)
    index = UnitIndex(unit(torch.randn(50, 4, generator=generator), "the gallery"))
    query = torch.randn(queries, 4, generator=generator)
    rows, cosines = index.search(query, 5)
    for number in range(queries):
        alone = index.search(query[number : number + 1], 5)
        assert torch.equal(rows[number], alone[0][0])
        torch.testing.assert_close(cosines[number], alone[1][0])


def test_what_cannot_be_compared_is_refused() -> None:
    index = UnitIndex(torch.eye(3))
    with pytest.raises(ValueError, match="query"):
        index.search(torch.ones(1, 2), 1)
    with pytest.raises(InputError, match="not finite"):
        index.search(torch.full((1, 3), torch.nan), 1)
