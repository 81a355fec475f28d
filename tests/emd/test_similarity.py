"""Properties of the second stage's score."""

import pytest
import torch

from fdemd.emd import Converged, emd_similarity
from fdemd.emd.engines import reference
from fdemd.errors import InputError
from fdemd.features import Features


def faces(count: int, patches: int = 16, seed: int = 0) -> Features:
    generator = torch.Generator().manual_seed(seed)
    side = int(patches**0.5)
    common = torch.randn(1, patches, 8, generator=generator)
    return Features(torch.zeros(count, 8), common + torch.randn(count, patches, 8, generator=generator), (side, side))


def every_pair(query: Features, gallery: Features) -> torch.Tensor:
    return torch.arange(len(gallery)).expand(len(query), -1)


def test_scaling_the_features_changes_nothing() -> None:
    query, gallery = faces(3), faces(4, seed=1)
    louder = Features(query.embedding, 7 * query.patches, query.grid)
    candidates = every_pair(query, gallery)
    torch.testing.assert_close(
        emd_similarity(louder, gallery, candidates).similarity, emd_similarity(query, gallery, candidates).similarity
    )


def test_permuting_the_patches_of_one_face_changes_nothing() -> None:
    query, gallery = faces(3), faces(4, seed=1)
    shuffled = Features(query.embedding, query.patches[:, torch.randperm(16)], query.grid)
    candidates = every_pair(query, gallery)
    torch.testing.assert_close(
        emd_similarity(shuffled, gallery, candidates).similarity,
        emd_similarity(query, gallery, candidates).similarity,
        atol=2e-5,
        rtol=0,
    )


def test_a_face_is_closest_to_itself_under_uniform_weights() -> None:
    people = faces(6)
    found = emd_similarity(people, people, every_pair(people, people), weighting="uniform").similarity
    assert found.argmax(1).tolist() == list(range(6))


def test_swapping_query_and_gallery_changes_a_converged_score_by_its_tolerance_only() -> None:
    query, gallery = faces(3), faces(3, seed=1)
    there = emd_similarity(query, gallery, every_pair(query, gallery), stop=Converged(1e-6)).similarity
    back = emd_similarity(gallery, query, every_pair(gallery, query), stop=Converged(1e-6)).similarity
    torch.testing.assert_close(there, back.T, atol=1e-5, rtol=0)


def test_the_flow_is_not_transposed() -> None:
    """A gallery face that is the query with its patches moved on by one: patch n must flow to patch n + 1."""
    query = Features(torch.zeros(1, 8), torch.randn(1, 9, 64), (3, 3))
    moved = Features(query.embedding, query.patches.roll(1, dims=1), query.grid)
    flow = emd_similarity(query, moved, torch.zeros(1, 1, dtype=torch.long), weighting="uniform", with_flow=True).flow[
        0, 0
    ]
    assert flow.argmax(1).tolist() == [(n + 1) % 9 for n in range(9)]


@pytest.mark.parametrize("pairs_at_once", [1, 3, 7, 1000])
def test_the_size_of_a_chunk_changes_nothing(monkeypatch: pytest.MonkeyPatch, pairs_at_once: int) -> None:
    query, gallery = faces(5), faces(8, seed=1)
    candidates = torch.stack([torch.randperm(8)[:6] for _ in range(5)])
    whole = emd_similarity(query, gallery, candidates, with_flow=True)
    monkeypatch.setattr(reference, "_PAIRS_AT_ONCE", pairs_at_once)
    cut = emd_similarity(query, gallery, candidates, with_flow=True)
    torch.testing.assert_close(cut.similarity, whole.similarity, atol=2e-6, rtol=0)
    torch.testing.assert_close(cut.flow, whole.flow, atol=2e-6, rtol=1e-4)


def test_no_candidates_give_no_scores() -> None:
    assert emd_similarity(faces(2), faces(3), torch.empty(2, 0, dtype=torch.long)).similarity.shape == (2, 0)


def test_the_number_of_threads_changes_nothing_and_is_left_as_it_was() -> None:
    query, gallery = faces(5), faces(200, seed=1)
    found = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            with torch.inference_mode():
                found.append(emd_similarity(query, gallery, every_pair(query, gallery)).similarity)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(*found, atol=2e-6, rtol=0)


def test_gradients_reach_the_patches() -> None:
    query, gallery = faces(2), faces(3, seed=1)
    query.patches.requires_grad_()
    emd_similarity(query, gallery, every_pair(query, gallery)).similarity.sum().backward()
    assert query.patches.grad is not None
    assert query.patches.grad.isfinite().all()
    assert query.patches.grad.abs().sum() > 0


def test_halves_are_read_as_they_are_stored() -> None:
    query, gallery = faces(3), faces(4, seed=1)
    candidates = every_pair(query, gallery)
    for dtype in (torch.float16, torch.bfloat16):
        halves, same = gallery.to(dtype), gallery.to(dtype).to(torch.float32)
        found = emd_similarity(query.to(dtype), halves, candidates).similarity
        assert found.dtype == torch.float32
        expected = emd_similarity(query.to(dtype).to(torch.float32), same, candidates).similarity
        torch.testing.assert_close(found, expected, atol=2e-6, rtol=0)


def test_a_patch_of_zeros_has_no_direction() -> None:
    query, gallery = faces(2), faces(3, seed=1)
    gallery.patches[1, 4:] = 0
    found = emd_similarity(query, gallery, every_pair(query, gallery), weighting="uniform")
    assert found.similarity.isfinite().all()


def test_negative_candidates_count_from_the_end_and_others_must_be_in_the_gallery() -> None:
    query, gallery = faces(2), faces(3, seed=1)
    last, counted = (emd_similarity(query, gallery, torch.full((2, 1), row)).similarity for row in (2, -1))
    torch.testing.assert_close(last, counted)
    for row in (3, -4):
        with pytest.raises(InputError, match="gallery of 3"):
            emd_similarity(query, gallery, torch.full((2, 1), row))
