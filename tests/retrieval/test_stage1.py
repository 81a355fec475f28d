"""Stage 1: the order of cosines, whatever the order of the gallery, under each protocol."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, OFFICIAL, Labels
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.retrieval.unit_search import UnitIndex
from fdemd.tensors.directions import unit


def labels(count: int, first: int = 0) -> Labels:
    numbers = torch.arange(first, first + count)
    return Labels(numbers // 2, numbers, numbers)


def rank(query: torch.Tensor, gallery: torch.Tensor, depth: int = 100, protocol: str = OFFICIAL) -> Ranking:
    strangers = labels(len(query), first=1000)
    return rank_by_cosine(query, gallery, strangers, labels(len(gallery)), protocol=protocol, depth=depth)


def test_stage_1_is_the_order_of_cosines() -> None:
    query, gallery = torch.randn(4, 8), torch.randn(9, 8)
    cosine = torch.nn.functional.cosine_similarity(query[:, None], gallery[None], dim=-1)
    ranking = rank(query, gallery)
    torch.testing.assert_close(ranking.scores, cosine.sort(dim=1, descending=True).values)
    assert torch.equal(ranking.indices, cosine.argsort(dim=1, descending=True))


def test_stage_1_keeps_the_asked_depth_or_the_whole_gallery() -> None:
    query, gallery = torch.randn(4, 8), torch.randn(9, 8)
    assert rank(query, gallery, depth=3).indices.shape == (4, 3)
    assert torch.equal(rank(query, gallery, depth=3).indices, rank(query, gallery).indices[:, :3])
    assert rank(query, gallery, depth=50).indices.shape == (4, 9)


def test_permuting_the_gallery_permutes_the_ranking() -> None:
    query, gallery, order = torch.randn(4, 8), torch.randn(9, 8), torch.randperm(9)
    assert torch.equal(order[rank(query, gallery[order]).indices], rank(query, gallery).indices)


def test_leaving_oneself_out_fills_the_end_with_nobody() -> None:
    """Gallery face 0 as a query has one candidate fewer than a stranger."""
    faces, who = torch.randn(5, 8), labels(5)
    numbers = torch.tensor([0, 1000])
    ranking = rank_by_cosine(
        faces[:2], faces, Labels(numbers, numbers, numbers), who, protocol=LEAVE_TWIN_OUT, depth=100
    )
    assert sorted(ranking.indices[0].tolist()) == [NOBODY, 1, 2, 3, 4]
    assert sorted(ranking.indices[1].tolist()) == [0, 1, 2, 3, 4]


def test_no_column_is_kept_for_nobody_alone() -> None:
    faces, who = torch.randn(5, 8), labels(5)
    ranking = rank_by_cosine(faces, faces, who, who, protocol=LEAVE_TWIN_OUT, depth=100)
    assert ranking.indices.shape == (5, 4)
    assert (ranking.indices != torch.arange(5)[:, None]).all()


@given(
    st.lists(st.integers(-100, 120), min_size=4, max_size=4),
    st.lists(st.integers(-100, 120), min_size=9, max_size=9),
    st.integers(0, 2**16),
)
@settings(max_examples=30)
def test_the_length_of_embeddings_changes_no_digit(queries: list[int], faces: list[int], seed: int) -> None:
    """From 1e-30 to 1e36: beyond 1e19 float32 cannot hold the squares of the numbers, below 1e-23 they are 0."""
    generator = torch.Generator().manual_seed(seed)
    query, gallery = torch.randn(4, 8, generator=generator), torch.randn(9, 8, generator=generator)
    expected = rank(query, gallery)
    for dtype in (torch.float32, torch.float64):
        long, short = (
            each.to(dtype) * 2 ** torch.tensor(exponents, dtype=dtype)[:, None]
            for each, exponents in ((query, queries), (gallery, faces))
        )
        found = rank(long, short)
        assert torch.equal(found.indices, expected.indices)
        assert torch.equal(found.scores, expected.scores)
        assert torch.equal(UnitIndex(unit(short, "the gallery")).search(long, 9)[0], expected.indices)
