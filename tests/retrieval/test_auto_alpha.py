import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.retrieval.auto_alpha import auto_alpha
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.stage2 import reorder


def scores(seed: int, queries: int = 6, k: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    cosine = torch.rand(queries, k, generator=generator).sort(dim=1, descending=True).values
    return cosine, torch.rand(queries, k, generator=generator)


@given(st.integers(0, 100), st.floats(0.01, 10), st.floats(-5, 5))
def test_the_scale_of_either_score_changes_no_order(seed: int, scale: float, shift: float) -> None:
    cosine, similarity = scores(seed)
    alpha = auto_alpha(cosine, similarity)
    assert ((alpha >= 0) & (alpha <= 1)).all()
    for other_cosine, other in ((cosine * scale + shift, similarity), (cosine, similarity * scale + shift)):
        changed = auto_alpha(other_cosine, other)
        before = (alpha[:, None] * similarity + (1 - alpha[:, None]) * cosine).argsort(1)
        after = (changed[:, None] * other + (1 - changed[:, None]) * other_cosine).argsort(1)
        assert (before == after).float().mean() > 0.95  # rounding may swap near ties


def test_a_query_is_judged_by_its_own_shortlist_alone() -> None:
    cosine, similarity = scores(0)
    torch.testing.assert_close(auto_alpha(cosine, similarity)[2:3], auto_alpha(cosine[2:3], similarity[2:3]))


def test_places_without_anybody_play_no_part() -> None:
    cosine, similarity = scores(1)
    longer = torch.cat([cosine, torch.full((6, 3), -torch.inf)], 1), torch.cat([similarity, torch.full((6, 3), 9.0)], 1)
    torch.testing.assert_close(auto_alpha(*longer), auto_alpha(cosine, similarity))


def test_a_sure_first_stage_is_trusted_more() -> None:
    cosine = torch.linspace(0.5, 0.1, 20).repeat(2, 1)
    cosine[0, 0] = 0.95
    similarity = torch.linspace(0.1, 0.5, 20).roll(3).repeat(2, 1)
    sure, unsure = auto_alpha(cosine, similarity)
    spread = cosine.std(1)
    assert sure / (1 - sure) / spread[0] < unsure / (1 - unsure) / spread[1]


def test_one_candidate_or_equal_ones_need_no_choice() -> None:
    assert auto_alpha(torch.ones(3, 1), torch.ones(3, 1)).tolist() == [0, 0, 0]
    assert auto_alpha(torch.ones(3, 5), torch.ones(3, 5)).isfinite().all()


def test_reranking_takes_it() -> None:
    cosine, similarity = scores(2)
    indices = torch.arange(12).repeat(6, 1)
    indices[0, 5:], cosine[0, 5:] = NOBODY, -torch.inf
    auto = auto_alpha(cosine, similarity)
    found = reorder(Ranking(indices, cosine), similarity, auto)
    assert torch.equal(found.alphas, auto)
    some = torch.tensor([1, 0])
    assert torch.equal(found[some].alphas, found.alphas[some])
    assert reorder(Ranking(indices, cosine), similarity, 0.7).alphas is None
    assert found.indices[0, :5].sort().values.tolist() == [0, 1, 2, 3, 4]
    assert (found.indices[0, 5:] == NOBODY).all()
