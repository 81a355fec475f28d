"""One way through retrieval: each similarity once, whatever is asked of it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.features import Features
from fdemd.retrieval.protocol import LEAVE_ONE_OUT, LEAVE_TWIN_OUT, OFFICIAL, Labels
from fdemd.retrieval.reranker import Reranker, Similarity
from fdemd.retrieval.reranker_emd import EmdReranker
from fdemd.retrieval.rerankers import build_reranker
from fdemd.retrieval.second_stage import SecondStage, second_stages
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.stage2 import reorder
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.settings.ranking import EmdRerank, KReciprocalRerank, QueryExpansionRerank, Reranking

COUNT = 24
GALLERY = Labels.distinct(torch.arange(COUNT) // 4)
OCCLUDED = Labels(GALLERY.identity, GALLERY.source, -1 - torch.arange(COUNT))


def faces(seed: int) -> Features:
    patches = torch.randn(COUNT, 16, 8, generator=torch.Generator().manual_seed(seed))
    return Features(patches.mean(1), patches, (4, 4))


QUERY, FACES = faces(0), faces(1)


class Told(Reranker):
    """Remembers what it was told."""

    def __init__(self, *, needs_barred: bool = False, pairwise: bool = False) -> None:
        self.needs_barred, self.pairwise = needs_barred, pairwise
        self.shortlists: list[int] = []
        self.barred: torch.Tensor | None = None

    def similarity(
        self,
        query: Features,
        gallery: Features,
        shortlist: torch.Tensor,
        *,
        barred: torch.Tensor | None = None,
        **_: object,
    ) -> Similarity:
        self.shortlists.append(shortlist.shape[1])
        self.barred = barred
        return Similarity(torch.rand(shortlist.shape), unfinished=torch.ones_like(shortlist, dtype=torch.bool))


def test_both_stages_are_those_of_their_functions() -> None:
    (stage,) = stages = second_stages(EmdRerank(alpha=0.4, k=7))
    found = TwoStageSearch(FACES, GALLERY, stages).queries(QUERY, OCCLUDED).rank(OFFICIAL, depth=10)
    first = rank_by_cosine(QUERY.embedding, FACES.embedding, OCCLUDED, GALLERY, protocol=OFFICIAL, depth=10)
    assert torch.equal(found.first.indices, first.indices)
    similarity = EmdReranker().similarity(QUERY, FACES, first.indices[:, :7]).values
    assert torch.equal(found.second(stage).indices, reorder(first, similarity, 0.4).indices)


def test_a_pairwise_re_ranker_compares_the_longest_shortlist_once() -> None:
    told = Told(pairwise=True)
    stages = [SecondStage(told, alpha, k) for alpha in (0.2, 0.8) for k in (5, 9)]
    found = TwoStageSearch(FACES, GALLERY, stages).queries(QUERY, OCCLUDED).rank(OFFICIAL, depth=1)
    assert told.shortlists == [9]
    assert [found.second(stage).reranked for stage in stages] == [5, 9, 5, 9]


def test_any_other_re_ranker_sees_each_shortlist_as_if_alone_once_for_all_alphas() -> None:
    told = Told()
    stages = [SecondStage(told, alpha, k) for alpha in (0.2, 0.8) for k in (5, 9)]
    found = TwoStageSearch(FACES, GALLERY, stages).queries(QUERY, OCCLUDED).rank(OFFICIAL, depth=1)
    assert told.shortlists == [5, 9]
    assert [found.second(stage).reranked for stage in stages] == [5, 9, 5, 9]


RERANKERS = [
    EmdRerank(),
    EmdRerank(stop="official"),
    QueryExpansionRerank(n=8),
    KReciprocalRerank(k1=4, k2=2),
]


@given(
    methods=st.lists(
        st.tuples(st.sampled_from(RERANKERS), st.sampled_from([1, 3, 10, COUNT, 50, None])), min_size=2, max_size=4
    ),
    protocol=st.sampled_from([OFFICIAL, LEAVE_TWIN_OUT]),
)
@settings(max_examples=40, deadline=None)
def test_a_stage_among_others_gives_what_it_gives_alone(
    methods: list[tuple[Reranking, int | None]], protocol: str
) -> None:
    rerankers = {rerank: build_reranker(rerank) for rerank, _ in methods}
    together = [SecondStage(rerankers[rerank], 0.7, k) for rerank, k in methods]
    found = TwoStageSearch(FACES, GALLERY, together).queries(QUERY, OCCLUDED).rank(protocol, depth=COUNT)
    for stage, (rerank, k) in zip(together, methods, strict=True):
        single = SecondStage(build_reranker(rerank), 0.7, k)
        alone = TwoStageSearch(FACES, GALLERY, [single]).queries(QUERY, OCCLUDED).rank(protocol, depth=COUNT)
        assert torch.equal(found.second(stage).indices, alone.second(single).indices)
        torch.testing.assert_close(found.second(stage).scores, alone.second(single).scores)
        assert found.counts(stage) == alone.counts(single)


def test_the_whole_gallery_is_asked_for_on_its_own() -> None:
    told = Told()
    stages = [SecondStage(told, k=5), SecondStage(told, k=None)]
    found = TwoStageSearch(FACES, GALLERY, stages).queries(QUERY, OCCLUDED).rank(OFFICIAL, depth=1)
    assert told.shortlists == [5, COUNT]
    assert found.counts(stages[1]).k == COUNT


@pytest.mark.parametrize(("protocol", "barred"), [(LEAVE_TWIN_OUT, torch.arange(COUNT)[:, None]), (OFFICIAL, None)])
def test_a_re_ranker_is_told_whom_a_query_may_not_be_compared_with(protocol: str, barred: torch.Tensor | None) -> None:
    told = Told(needs_barred=True)
    search = TwoStageSearch(FACES, GALLERY, [SecondStage(told)])
    search.queries(QUERY, OCCLUDED).rank(protocol, depth=1)
    assert told.barred is not None
    assert torch.equal(told.barred, torch.zeros(COUNT, 0) if barred is None else barred)


def test_queries_of_the_gallery_itself_are_leave_one_out() -> None:
    search = TwoStageSearch(FACES, GALLERY)
    assert search.queries(FACES, GALLERY).protocols([LEAVE_TWIN_OUT, OFFICIAL]) == [LEAVE_ONE_OUT]
    assert search.queries(QUERY, OCCLUDED).protocols([LEAVE_TWIN_OUT, OFFICIAL]) == [LEAVE_TWIN_OUT, OFFICIAL]


def test_normalized_cosines_stand_beside_plain_ones() -> None:
    search = TwoStageSearch(FACES, GALLERY)
    found = search.queries(QUERY, OCCLUDED, adjust=lambda cosine, rows, columns: -cosine).rank(OFFICIAL, depth=COUNT)
    assert found.cosine is not None
    assert torch.equal(found.first.indices, found.cosine.indices.flip(1))
