"""Both stages on features of one's own: fdemd.rank and fdemd.rerank."""

import numpy as np
import pytest
import torch

import fdemd
from fdemd import Features, InputError
from fdemd.retrieval.rank import labels_of, sources_of

RNG = np.random.default_rng(0)
PEOPLE = np.arange(24) % 8
MEANS = RNG.normal(size=(8, 4, 4, 16))
PATCHES = (MEANS[PEOPLE] + RNG.normal(size=(24, 4, 4, 16))).astype(np.float32)
EMBEDDINGS = PATCHES.mean((1, 2))
QUERY, GALLERY = Features(EMBEDDINGS[:8], PATCHES[:8]), Features(EMBEDDINGS[8:], PATCHES[8:])


def test_rerank_mixes_both_similarities_in_the_first_places_alone() -> None:
    first = fdemd.rank(QUERY, GALLERY)
    second = fdemd.rerank(first, QUERY, GALLERY, alpha=0.3, k=6)
    assert torch.equal(second.indices[:, 6:], first.indices[:, 6:])
    emd = fdemd.emd_similarity(QUERY, GALLERY, first.indices[:, :6]).similarity
    mixed = (0.3 * emd + 0.7 * first.scores[:, :6]).sort(dim=1, descending=True)
    torch.testing.assert_close(second.scores[:, :6], mixed.values)
    assert torch.equal(second.indices[:, :6], first.indices.gather(1, mixed.indices))


@pytest.mark.parametrize("method", ["emd", "k_reciprocal", "query_expansion"])
def test_every_method_keeps_the_candidates(method: str) -> None:
    first = fdemd.rank(QUERY, GALLERY)
    second = fdemd.rerank(first, QUERY, GALLERY, method, k=7)
    assert torch.equal(second.indices[:, :7].sort().values, first.indices[:, :7].sort().values)


def test_re_ranking_knows_what_the_ranking_left_out() -> None:
    everyone = Features(EMBEDDINGS, PATCHES)
    first = fdemd.rank(everyone, everyone, query_sources=range(24), gallery_sources=range(24))
    for method in ("emd", "k_reciprocal"):
        second = fdemd.rerank(first, everyone, everyone, method, k=5)
        assert second.sources is not None
        assert fdemd.evaluate(second, PEOPLE, PEOPLE)["RP"].mean > 0.5


def test_numbers_of_numpy_are_taken_for_settings_rows_and_depths() -> None:
    first = fdemd.rank(QUERY, GALLERY, depth=np.int64(9))
    assert first.indices.shape == (8, 9)
    assert fdemd.rerank(first, QUERY, GALLERY, k=np.int64(5), alpha=np.float64(0.5)).reranked == 5
    assert fdemd.rerank(first, QUERY, GALLERY, k=5, grid=(np.int64(2), 2)).reranked == 5
    assert torch.equal(QUERY[np.int64(-1)].embedding, QUERY[-1].embedding)


def test_a_ranking_of_fewer_places_than_k_says_how_many_were_re_ranked() -> None:
    assert fdemd.rerank(fdemd.rank(QUERY, GALLERY, depth=3), QUERY, GALLERY, k=100).reranked == 3


def test_a_query_is_not_compared_with_its_own_photograph() -> None:
    files = [f"{number // 2}.jpg" for number in range(24)]  # two faces of each photograph
    ranking = fdemd.rank(EMBEDDINGS, EMBEDDINGS, query_sources=files, gallery_sources=files)
    assert ranking.indices.shape == (24, 22)
    for query, rows in enumerate(ranking.indices.tolist()):
        assert all(files[row] != files[query] for row in rows)


def test_sources_are_numbered_together_and_go_in_pairs() -> None:
    found = sources_of(["a", "b"], ["b", "c", "a"], 2, 3)
    assert found is not None
    assert [each.tolist() for each in found] == [[0, 1], [1, 2, 0]]
    assert sources_of(None, None, 2, 3) is None
    for given in ((["a", "b"], None), (None, ["b", "c", "a"])):
        with pytest.raises(InputError, match="Give both"):
            sources_of(*given, 2, 3)


def test_without_sources_each_face_is_of_a_photograph_of_its_own() -> None:
    query, gallery = labels_of(torch.zeros(3, dtype=torch.long), torch.zeros(5, dtype=torch.long), None)
    assert not set(query.source.tolist()) & set(gallery.source.tolist())
    assert len(gallery.source.unique()) == 5


@pytest.mark.parametrize("method", ["k_reciprocal", "query_expansion"])
def test_methods_that_compare_no_patches_take_embeddings_alone(method: str) -> None:
    first = fdemd.rank(QUERY, GALLERY)
    for query, gallery in ((EMBEDDINGS[:8], EMBEDDINGS[8:]), (Features(EMBEDDINGS[:8]), GALLERY)):
        found = fdemd.rerank(first, query, gallery, method, k=7)
        assert torch.equal(found.indices, fdemd.rerank(first, QUERY, GALLERY, method, k=7).indices)


def test_patches_that_are_missing_are_told() -> None:
    first = fdemd.rank(EMBEDDINGS[:8], EMBEDDINGS[8:])
    for given in ({}, {"grid": (2, 2)}):
        with pytest.raises(
            InputError, match=r"no patches in \w.* to be compared; give fdemd\.Features\(embedding, patches\)"
        ):
            fdemd.rerank(first, EMBEDDINGS[:8], EMBEDDINGS[8:], **given)


def test_a_ranking_of_another_gallery_is_told() -> None:
    first = fdemd.rank(EMBEDDINGS[:8], EMBEDDINGS[8:20])
    with pytest.raises(InputError, match="The ranking is of 12 gallery faces, and there are features of 16"):
        fdemd.rerank(first, QUERY, GALLERY)


def test_an_embedding_of_zeros_has_cosine_0_with_every_face() -> None:
    ranking = fdemd.rank(np.zeros((1, 16)), EMBEDDINGS)
    assert ranking.indices.tolist() == [list(range(24))]
    assert not ranking.scores.any()
