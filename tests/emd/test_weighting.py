"""Each weighting against a literal, slow statement of its formula."""

import numpy as np
import pytest
import torch

from fdemd.emd import WEIGHTINGS, Converged, Official, emd_similarity
from fdemd.emd.weighting import check_weighting
from fdemd.errors import InputError
from fdemd.features import Features


def faces(count: int, grid: tuple[int, int] = (3, 4), channels: int = 6, seed: int = 0) -> Features:
    generator = torch.Generator().manual_seed(seed)
    return Features(
        torch.randn(count, channels, generator=generator),
        torch.randn(count, grid[0] * grid[1], channels, generator=generator) + 0.4,
        grid,
        torch.rand(count, 68, 2, generator=generator) * 1.4 - 0.2,
    )


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def literal_raw(name: str, patches: np.ndarray, other: np.ndarray, other_embedding: np.ndarray) -> np.ndarray:
    """Raw weights of one face's patches ``(N, C)`` against another face, one patch at a time."""
    weights = []
    for patch in patches:
        cosines = [float(unit(patch) @ unit(there)) for there in other]
        weights.append(
            {
                "uniform": 1.0,
                "apc": max(0.0, float(unit(patch) @ unit(other.mean(0)))),
                "apc_raw": max(0.0, float(patch @ other.mean(0))),
                "cc": max(0.0, float(unit(patch) @ unit(other_embedding))),
                "sc": sum(1 - cosine for cosine in cosines),
                "sc_sim": max(0.0, sum(cosines)),
            }[name]
        )
    return np.array(weights)


@pytest.mark.parametrize("name", ["uniform", "apc", "apc_raw", "cc", "sc", "sc_sim"])
def test_weights_equal_the_literal_formula(name: str) -> None:
    query, gallery = faces(2, seed=1), faces(5, seed=2)
    candidates = torch.tensor([[4, 0, 2], [1, 3, 0]])
    found = emd_similarity(query, gallery, candidates, weighting=name, with_flow=True)
    for q in range(2):
        for place, g in enumerate(candidates[q].tolist()):
            ours, theirs = query.patches[q].numpy(), gallery.patches[g].numpy()
            expected_query = literal_raw(name, ours, theirs, gallery.embedding[g].numpy())
            expected_gallery = literal_raw(name, theirs, ours, query.embedding[q].numpy())
            for raw, weight in (
                (expected_query, found.query_weight[q, place]),
                (expected_gallery, found.gallery_weight[q, place]),
            ):
                np.testing.assert_allclose(weight, raw / raw.sum(), atol=2e-6)


def test_uew_divides_both_sides_by_their_common_sum() -> None:
    query, gallery, first = faces(1, seed=1), faces(1, seed=2), torch.zeros(1, 1, dtype=torch.long)
    found = emd_similarity(query, gallery, first, weighting="uew", stop=Official(), with_flow=True)
    a = literal_raw("apc", query.patches[0].numpy(), gallery.patches[0].numpy(), np.ones(6))
    b = literal_raw("apc", gallery.patches[0].numpy(), query.patches[0].numpy(), np.ones(6))
    np.testing.assert_allclose(found.query_weight[0, 0], a / (a.sum() + b.sum()), atol=1e-6)
    np.testing.assert_allclose(found.gallery_weight[0, 0], b / (a.sum() + b.sum()), atol=1e-6)


def test_uew_cannot_converge_and_says_so() -> None:
    with pytest.raises(InputError, match=r"rerank\.stop=official"):
        emd_similarity(faces(1), faces(1), torch.zeros(1, 1, dtype=torch.long), weighting="uew", stop=Converged())


def test_lmk_counts_the_landmarks_in_each_cell() -> None:
    query, gallery = faces(1, seed=1), faces(1, seed=2)
    found = emd_similarity(query, gallery, torch.zeros(1, 1, dtype=torch.long), weighting="lmk", with_flow=True)
    for features, weight in ((query, found.query_weight), (gallery, found.gallery_weight)):
        counts = np.zeros(12)
        for x, y in features.landmarks[0].tolist():
            if 0 <= x < 1 and 0 <= y < 1:
                counts[int(y * 3) * 4 + int(x * 4)] += 1
        np.testing.assert_allclose(weight[0, 0], counts / counts.sum(), atol=1e-6)


def test_lmk_needs_landmarks() -> None:
    bare = Features(torch.zeros(1, 6), torch.randn(1, 12, 6), (3, 4))
    with pytest.raises(InputError, match="landmarks"):
        emd_similarity(bare, bare, torch.zeros(1, 1, dtype=torch.long), weighting="lmk")


def test_cc_needs_embeddings_as_long_as_patches() -> None:
    bare = Features(torch.zeros(1, 5), torch.randn(1, 12, 6), (3, 4))
    with pytest.raises(InputError, match="5 numbers and its patches have 6"):
        emd_similarity(bare, bare, torch.zeros(1, 1, dtype=torch.long), weighting="cc")


def test_a_side_without_positive_weight_is_weighted_uniformly_and_counted() -> None:
    positive = torch.rand(1, 12, 6)
    query = Features(torch.zeros(1, 6), positive, (3, 4))
    gallery = Features(torch.zeros(2, 6), torch.cat([-positive, positive]), (3, 4))
    found = emd_similarity(query, gallery, torch.tensor([[0, 1]]), weighting="apc", with_flow=True)
    assert found.fallback.tolist() == [[True, False]]
    assert found.similarity.isfinite().all()
    torch.testing.assert_close(found.query_weight[0, 0], torch.full((12,), 1 / 12))
    assert found.similarity[0, 0] < found.similarity[0, 1]


def test_an_unknown_weighting_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"did you mean apc.*cc.*uniform"):
        check_weighting("acp")
    assert {"uniform", "apc", "cc", "sc", "sc_sim", "lmk", "uew"} <= WEIGHTINGS.keys()
