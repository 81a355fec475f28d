"""Similarity of pairs: each computed once, and nothing made for pairs that an earlier run has stored."""

from pathlib import Path

import torch

from fdemd.cache.similarities import SimilarityStore
from fdemd.features import Features
from fdemd.retrieval.pair_similarity import STORED, PairSimilarity
from fdemd.retrieval.reranker_emd import EmdReranker

COUNT = 24


def faces(seed: int) -> Features:
    patches = torch.randn(COUNT, 16, 8, generator=torch.Generator().manual_seed(seed))
    return Features(patches.mean(1), patches, (4, 4))


def candidates() -> torch.Tensor:
    drawn = torch.rand(COUNT, COUNT, generator=torch.Generator().manual_seed(2))
    return drawn.argsort(dim=1)[:, :10]


def test_a_pair_is_computed_once() -> None:
    computed: list[int] = []
    similarity = PairSimilarity(EmdReranker(), faces(0), faces(1), on_progress=computed.append)
    similarity(candidates())
    assert sum(computed) == 10 * COUNT
    similarity(candidates().flip(1))
    assert sum(computed) == 10 * COUNT


def test_the_view_is_of_the_patches_compared() -> None:
    def halved(features: Features) -> Features:
        return Features(features.embedding, features.patches[:, :, :4], features.grid)

    viewed = PairSimilarity(EmdReranker(), faces(0), faces(1), view=halved)(candidates())
    expected = PairSimilarity(EmdReranker(), halved(faces(0)), halved(faces(1)))(candidates())
    assert torch.equal(viewed.values, expected.values)


def test_pairs_that_are_stored_need_no_patches(tmp_path: Path) -> None:
    """Projected patches of all LFW take gigabytes."""

    def refused(features: Features) -> Features:
        raise AssertionError("made the patches of pairs that are stored")

    def similarity(**view: object) -> PairSimilarity:
        store = SimilarityStore(tmp_path, {"of": "this test"})
        return PairSimilarity(EmdReranker(), faces(0), faces(1), store=store, **view)  # type: ignore[arg-type]

    first, again = similarity()(candidates()), similarity(view=refused)(candidates())
    assert again.engine == STORED
    assert torch.equal(again.values, first.values)
