"""k-reciprocal re-ranking against the publication written out face by face, for a set of one query and the gallery."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.errors import InputError
from fdemd.retrieval.k_reciprocal import KReciprocal
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, OFFICIAL, Labels, barred_rows, left_out_of_all
from fdemd.retrieval.ranking import NOBODY
from fdemd.retrieval.search import search_exactly


def published(query: np.ndarray, gallery: np.ndarray, k1: int, k2: int) -> np.ndarray:
    """1 - Jaccard distance of the query to each gallery face, ``(G,)``; face 0 of the set is the query."""
    faces = np.vstack([query, gallery]).astype(np.float64)
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    distance = 2 - 2 * faces @ faces.T
    np.fill_diagonal(distance, -1)  # sorts first, whatever the rounding
    nearest = np.argsort(distance, axis=1, kind="stable")
    np.fill_diagonal(distance, 0)
    distance /= distance.max(axis=1, keepdims=True)

    def reciprocal(face: int, k: int) -> set[int]:
        return {other for other in nearest[face, : k + 1] if face in nearest[other, : k + 1]}

    encoding = np.zeros_like(distance)
    for face in range(len(faces)):
        core = reciprocal(face, k1)
        expanded = set(core)
        for member in core:
            theirs = reciprocal(member, round(k1 / 2))
            if len(theirs & core) > 2 / 3 * len(theirs):
                expanded |= theirs
        for other in expanded:
            encoding[face, other] = np.exp(-distance[face, other])
        encoding[face] /= encoding[face].sum()
    encoding = np.stack([encoding[nearest[face, :k2]].mean(0) for face in range(len(faces))])
    least = np.minimum(encoding[0], encoding[1:]).sum(1)
    most = np.maximum(encoding[0], encoding[1:]).sum(1)
    return least / most


def people(count: int, queries: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Queries and gallery in clusters of about four, so that the rule of two thirds decides either way."""
    torch.manual_seed(seed)
    centres = torch.randn(max(1, count // 4), 6)
    points = centres[torch.randint(len(centres), (queries + count,))] + 0.4 * torch.randn(queries + count, 6)
    return points[:queries], points[queries:]


def everyone(queries: int, faces: int) -> torch.Tensor:
    return torch.arange(faces).repeat(queries, 1)


@given(st.integers(1, 60), st.integers(1, 12), st.integers(1, 7), st.integers(0, 9999))
@settings(max_examples=60, deadline=None)
def test_similarity_is_the_published_one(faces: int, k1: int, k2: int, seed: int) -> None:
    query, gallery = people(faces, 3, seed)
    found = KReciprocal(gallery, k1, k2).similarity(query, everyone(3, faces))
    for row in range(3):
        np.testing.assert_allclose(found[row], published(query[row], gallery, k1, k2), atol=2e-5)


def test_the_defaults_are_the_published_ones() -> None:
    query, gallery = people(300, 2, 0)
    found = KReciprocal(gallery).similarity(query, everyone(2, 300))
    for row in range(2):
        np.testing.assert_allclose(found[row], published(query[row], gallery, 20, 6), atol=2e-5)
    assert (found > 0.1).any()
    assert (found == 0).any()


@given(st.integers(8, 40), st.integers(1, 10), st.integers(1, 6), st.integers(1, 4), st.integers(0, 9999))
@settings(max_examples=60, deadline=None)
def test_barred_faces_might_as_well_not_exist(faces: int, k1: int, k2: int, width: int, seed: int) -> None:
    query, gallery = people(faces, 4, seed)
    nearest = search_exactly(query, gallery, 2 * width, lambda rows, columns: torch.zeros((), dtype=torch.bool))[0]
    barred = nearest[:, torch.randperm(2 * width)[:width]]
    barred[0, 1:] = NOBODY
    left = [torch.tensor([row for row in range(faces) if row not in out]) for out in barred.tolist()]
    candidates = torch.nn.utils.rnn.pad_sequence(left, batch_first=True, padding_value=NOBODY)

    found = KReciprocal(gallery, k1, k2).similarity(query, candidates, barred)

    for row, kept in enumerate(left):
        alone = KReciprocal(gallery[kept], k1, k2).similarity(query[row : row + 1], everyone(1, len(kept)))
        torch.testing.assert_close(found[row, : len(kept)], alone[0], atol=1e-5, rtol=0)
        np.testing.assert_allclose(alone[0], published(query[row], gallery[kept], k1, k2), atol=2e-5)


def test_a_query_leaves_nothing_behind() -> None:
    query, gallery = people(50, 70, 1)
    index, barred = KReciprocal(gallery, 8, 3), torch.randint(50, (70, 1))
    candidates = torch.stack([torch.tensor([row for row in range(50) if row != out]) for out in barred[:, 0].tolist()])
    together = index.similarity(query, candidates, barred)
    for row in (69, 3):
        again = index.similarity(query[row : row + 1], candidates[row : row + 1], barred[row : row + 1])
        torch.testing.assert_close(again[0], together[row])


def test_permuting_the_gallery_permutes_the_similarities() -> None:
    (query, gallery), order = people(40, 3, 2), torch.randperm(40)
    straight = KReciprocal(gallery, 8, 3).similarity(query, everyone(3, 40))
    permuted = KReciprocal(gallery[order], 8, 3).similarity(query, everyone(3, 40))
    torch.testing.assert_close(permuted, straight[:, order])


def test_nobody_is_similar_to_nobody() -> None:
    query, gallery = people(40, 3, 3)
    candidates = everyone(3, 40)[:, :7].clone()
    whole = KReciprocal(gallery, 8, 3).similarity(query, candidates)
    candidates[1, 4:] = NOBODY
    found = KReciprocal(gallery, 8, 3).similarity(query, candidates)
    assert found[1, 4:].tolist() == [0, 0, 0]
    torch.testing.assert_close(found[1, :4], whole[1, :4])
    torch.testing.assert_close(found[[0, 2]], whole[[0, 2]])


@pytest.mark.parametrize(("k1", "k2"), [(0, 6), (20, 0)])
def test_impossible_settings_are_refused(k1: int, k2: int) -> None:
    with pytest.raises(InputError, match="at least 1"):
        KReciprocal(torch.randn(4, 5), k1, k2)


@pytest.mark.parametrize("protocol", [OFFICIAL, LEAVE_TWIN_OUT])
def test_barred_rows_are_those_that_the_protocol_leaves_out(protocol: str) -> None:
    query, gallery = (Labels(*torch.randint(0, 9, (3, count))) for count in (300, 40))
    table = left_out_of_all(query, gallery, protocol)
    for row, out in enumerate(barred_rows(query, gallery, protocol).tolist()):
        assert [face for face in out if face != NOBODY] == table[row].nonzero()[:, 0].tolist()
    assert barred_rows(query[:0], gallery, protocol).shape == (0, 0)


def test_an_empty_gallery_is_told() -> None:
    with pytest.raises(InputError, match="The gallery has no faces"):
        KReciprocal(torch.zeros(0, 8))
