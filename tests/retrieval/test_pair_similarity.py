"""Similarity of pairs: each computed once, and nothing made for pairs that an earlier run has stored."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from fdemd.cache.similarities import SimilarityStore
from fdemd.emd import emd_similarity
from fdemd.emd.compact import compact
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.pair_similarity import STORED, PairSimilarity, compared
from fdemd.retrieval.reranker import Reranker, Similarity
from fdemd.retrieval.reranker_emd import EmdReranker
from fdemd.visibility.estimator import Visibility

COUNT = 24


def faces(seed: int) -> Features:
    patches = torch.randn(COUNT, 16, 8, generator=torch.Generator().manual_seed(seed))
    return Features(patches.mean(1), patches, (4, 4))


SIDES = faces(0), faces(1)


def candidates() -> torch.Tensor:
    drawn = torch.rand(COUNT, COUNT, generator=torch.Generator().manual_seed(2))
    return drawn.argsort(dim=1)[:, :10]


def test_what_is_covered_is_told_from_the_patches_of_the_network() -> None:
    """And not from those of the kind and grid that are compared."""
    asked: list[Features] = []
    reranker = EmdReranker(grid=[2, 2])
    reranker.estimator = lambda given: asked.append(given) or Visibility(torch.full((COUNT, 16), 0.25), torch.ones(0))
    found = compared(reranker, faces(0), lambda given: Features(given.embedding, 2 * given.patches, given.grid))
    assert torch.equal(asked[0].patches, faces(0).patches)
    assert found.visible.tolist() == [[0.25] * 4] * COUNT
    assert torch.equal(found.patches, 2 * faces(0).pooled((2, 2)).patches)
    known = compared(reranker, faces(0).seen(torch.ones(COUNT, 16)), lambda given: given)
    assert known.visible.min() == 1, "what is known is not estimated"
    assert len(asked) == 1


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


def test_patches_are_made_compact_after_all_else_that_is_done_to_them() -> None:
    query, gallery = (compact(side.pooled((2, 2))) for side in SIDES)
    found = PairSimilarity(EmdReranker(grid=(2, 2)), *SIDES, compact=True)(candidates())
    assert torch.equal(found.values, emd_similarity(query, gallery, candidates()).similarity)


def test_a_reranker_that_does_not_compare_compact_patches_is_given_full_ones() -> None:
    class Nearest(Reranker):
        def similarity(self, query: Features, gallery: Features, shortlist: Tensor, **_: object) -> Similarity:
            return Similarity((query.patches[:, None] - gallery.patches[shortlist]).norm(dim=(2, 3)))

    full, asked = (PairSimilarity(Nearest(), *SIDES, compact=each)(candidates()) for each in (False, True))
    assert torch.equal(full.values, asked.values)


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


class Returning(Reranker):
    """Says what it is given to say."""

    batch = 16

    def __init__(self, say: Callable[[Tensor], Any]) -> None:
        self.say = say

    def similarity(self, query: Features, gallery: Features, shortlist: Tensor, **_: object) -> Similarity:
        return self.say(shortlist)


def values(shortlist: Tensor) -> Tensor:
    return torch.zeros(shortlist.shape)


def test_a_re_ranker_that_breaks_the_contract_is_named() -> None:
    with pytest.raises(InputError, match="The re-ranker Returning returned a Tensor"):
        PairSimilarity(Returning(values), *SIDES)(candidates())


def test_flags_that_only_some_queries_have_are_false_for_the_others(tmp_path: Path) -> None:
    """Queries are stored in blocks, and a re-ranker may leave the flags away where it has nothing to say."""
    blocks: list[Tensor] = []

    def first_block_only(rows: Tensor) -> Similarity:
        blocks.append(rows)
        return Similarity(values(rows), fallback=torch.ones_like(rows, dtype=torch.bool) if len(blocks) == 1 else None)

    store = SimilarityStore(tmp_path, {"of": "this test"})
    found = PairSimilarity(Returning(first_block_only), *SIDES, store=store)(candidates())
    assert found.fallback is not None
    assert found.fallback.all(1).tolist() == [True] * 16 + [False] * 8
