import pytest
import torch

from fdemd.repro.auto_alpha_fit import WEIGHTS, Shortlists, draw_fitted_people, fit_rule
from fdemd.retrieval.auto_alpha import RULE, auto_alpha
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.stage2 import reorder


def planted(queries: int = 400, k: int = 12, seed: int = 0) -> Shortlists:
    """Queries whose first stage is right where its lead is large; the second is right where it is small."""
    generator = torch.Generator().manual_seed(seed)
    cosine = 0.2 * torch.rand(queries, k, generator=generator).sort(dim=1, descending=True).values
    similarity = 0.2 * torch.rand(queries, k, generator=generator)
    similarity[:, 5] += 0.3  # what the second stage believes, of every query
    sure = torch.rand(queries, generator=generator) < 0.5
    cosine[:, 0] = torch.where(sure, 0.7, 0.21)
    hits = torch.zeros(queries, k, dtype=torch.bool)
    hits[sure, 0], hits[~sure, 5] = True, True
    return Shortlists(cosine, similarity, hits)


def noise(queries: int = 300, k: int = 8) -> Shortlists:
    cosine = torch.rand(queries, k).sort(dim=1, descending=True).values
    return Shortlists(cosine, torch.rand(queries, k), torch.rand(queries, k) < 0.3)


def test_success_is_whether_the_mixed_shortlist_begins_with_the_right_person() -> None:
    shortlists = noise(30)
    shortlists.cosine[3, 5:] = -torch.inf  # three candidates fewer
    table = shortlists.success()
    assert table.shape == (30, WEIGHTS)
    for query in range(30):
        k = 5 if query == 3 else 8
        scores = [each[query, :k].tolist() for each in (shortlists.cosine, shortlists.similarity)]
        for number in range(WEIGHTS):
            weight = number / (WEIGHTS - 1)
            alike = []
            for values in scores:
                mean = sum(values) / k
                spread = (sum((value - mean) ** 2 for value in values) / (k - 1)) ** 0.5
                alike.append([(value - mean) / spread for value in values])
            mixed = [(1 - weight) * one + weight * other for one, other in zip(*alike, strict=True)]
            assert table[query, number] == shortlists.hits[query, mixed.index(max(mixed))]


@pytest.mark.parametrize("alpha", [0.0, 0.7, 1.0, None])
def test_an_alpha_is_judged_as_reranking_would_be(alpha: float | None) -> None:
    shortlists = noise()
    indices = torch.arange(8).repeat(300, 1)
    indices[7, 2:], shortlists.cosine[7, 2:] = NOBODY, -torch.inf
    auto = auto_alpha(shortlists.cosine, shortlists.similarity)
    ranking = Ranking(indices, shortlists.cosine)
    found = reorder(ranking, shortlists.similarity, auto if alpha is None else alpha).indices[:, :1]
    assert torch.equal(
        shortlists.right(auto[:, None] if alpha is None else alpha), shortlists.hits.gather(1, found)[:, 0]
    )


def test_a_planted_gate_is_found() -> None:
    rule = fit_rule([(planted(), 1)]).rule
    others = planted(seed=1)
    assert others.success().mean(0).max() < 0.9, "no single weight is right for both kinds"
    auto = auto_alpha(others.cosine, others.similarity, rule)[:, None]
    assert others.right(auto).float().mean() > 0.98
    assert rule.terms["lead of the first stage's first place"].coefficient < 0
    assert rule.terms.keys() == RULE.terms.keys()


def test_what_counts_more_decides() -> None:
    first_stage, second_stage = planted(), planted()
    hits = torch.zeros_like(first_stage.hits)
    only_first, only_second = hits.clone(), hits.clone()
    only_first[:, 0], only_second[:, 5] = True, True
    first_stage = Shortlists(first_stage.cosine, first_stage.similarity, only_first)
    second_stage = Shortlists(second_stage.cosine, second_stage.similarity, only_second)
    for counts in ((5.0, 1.0), (1.0, 5.0)):
        rule = fit_rule(list(zip((first_stage, second_stage), counts, strict=True))).rule
        auto = auto_alpha(first_stage.cosine, first_stage.similarity, rule)[:, None]
        rights = [each.right(auto).float().mean() for each in (first_stage, second_stage)]
        assert rights[counts.index(5.0)] > 0.9


def test_the_order_of_the_queries_and_of_the_sets_plays_no_part() -> None:
    one, other = noise(), planted(200)
    fit = fit_rule([(one, 1), (other, 3)])
    shuffled = fit_rule([(other[torch.randperm(200)], 3), (one[torch.randperm(300)], 1)])
    assert shuffled == fit
    assert fit.queries <= 500


def test_queries_that_no_weight_can_change_are_not_fitted_on() -> None:
    shortlists = noise()
    everybody = Shortlists(shortlists.cosine, shortlists.similarity, torch.ones_like(shortlists.hits))
    with pytest.raises(ValueError, match="decides no query"):
        fit_rule([(everybody, 1)])


def test_a_person_is_either_fitted_on_or_not() -> None:
    people = [f"person {number}" for number in range(400)]
    drawn = draw_fitted_people(people, seed=0)
    assert 150 < len(drawn) < 250
    assert drawn < set(people)
    assert draw_fitted_people([*reversed(people), people[5]], seed=0) == drawn
    assert draw_fitted_people(people, seed=1) != drawn
