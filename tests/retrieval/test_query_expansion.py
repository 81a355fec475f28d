"""Average query expansion against a loop over the definition."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.errors import InputError
from fdemd.retrieval.query_expansion import expanded_similarity
from fdemd.retrieval.ranking import NOBODY
from fdemd.retrieval.search import search_exactly


def unit(vectors: torch.Tensor) -> np.ndarray:
    return vectors.double().numpy() / np.linalg.norm(vectors.double().numpy(), axis=-1, keepdims=True)


def candidates_of(query: torch.Tensor, gallery: torch.Tensor, k: int) -> torch.Tensor:
    return search_exactly(query, gallery, k, lambda rows, columns: torch.zeros((), dtype=torch.bool))[0]


@given(st.integers(1, 130), st.integers(1, 9), st.integers(1, 6), st.integers(1, 8), st.integers(0, 999))
@settings(max_examples=40)
def test_the_query_is_joined_with_the_mean_of_its_first_n(queries: int, faces: int, k: int, n: int, seed: int) -> None:
    torch.manual_seed(seed)
    query, gallery = torch.randn(queries, 5), torch.randn(faces, 5)
    candidates = candidates_of(query, gallery, k)

    found = expanded_similarity(query, gallery, candidates, n=n)

    for row, indices in enumerate(candidates.numpy()):
        joined = np.vstack([unit(query)[row], unit(gallery)[indices[:n]]]).mean(0)
        expected = unit(gallery)[indices] @ (joined / np.linalg.norm(joined))
        np.testing.assert_allclose(found[row], expected, atol=1e-5)


def test_nobody_is_neither_joined_nor_similar() -> None:
    query, gallery = torch.randn(1, 5), torch.randn(4, 5)
    three = torch.tensor([[2, 0, 3]])
    padded = torch.tensor([[2, 0, 3, NOBODY, NOBODY]])
    found = expanded_similarity(query, gallery, padded, n=5)
    torch.testing.assert_close(found[:, :3], expanded_similarity(query, gallery, three, n=3))
    assert found[0, 3:].tolist() == [0, 0]


def test_permuting_the_gallery_changes_no_similarity() -> None:
    query, gallery, order = torch.randn(3, 5), torch.randn(9, 5), torch.randperm(9)
    candidates = candidates_of(query, gallery, 6)
    moved = candidates_of(query, gallery[order], 6)
    assert torch.equal(order[moved], candidates)
    torch.testing.assert_close(
        expanded_similarity(query, gallery[order], moved, n=2), expanded_similarity(query, gallery, candidates, n=2)
    )


def test_no_candidate_at_all_is_refused_as_an_expansion() -> None:
    with pytest.raises(InputError, match="n is 0"):
        expanded_similarity(torch.randn(1, 5), torch.randn(4, 5), torch.tensor([[0]]), n=0)
