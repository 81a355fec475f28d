"""The reference engine against a pair by pair computation, cut into pieces of any shape."""

import pytest
import torch

from fdemd.emd.engines import reference
from fdemd.emd.side import Side, side_of
from fdemd.emd.sinkhorn import Converged, Official, Stop, sinkhorn
from fdemd.emd.weighting import marginals
from fdemd.features import Features


def side(count: int, weighting: str = "apc") -> Side:
    return side_of(Features(torch.randn(count, 8), torch.randn(count, 6, 8), (2, 3)), weighting)


def test_scores_flows_and_marginals_are_those_of_each_pair_by_itself() -> None:
    query, gallery, candidates = side(3), side(5), torch.tensor([[0, 4], [2, 2], [1, 3]])
    found = reference.solve(query, gallery, candidates, eps=0.05, stop=Converged(), with_flow=True)
    for q, row in enumerate(candidates.tolist()):
        for place, g in enumerate(row):
            one, other = query.unit(slice(q, q + 1)), gallery.unit(slice(g, g + 1))
            weight = marginals(one, query.terms[q : q + 1], other[None], gallery.terms[torch.tensor([[g]])])
            cosine = one @ other.mT
            flow, _ = sinkhorn(cosine, weight.query[0], weight.gallery[0], eps=0.05, stop=Converged())
            torch.testing.assert_close(found.similarity[q, place], (flow * cosine).sum())
            torch.testing.assert_close(found.flow[q, place], flow[0])
            torch.testing.assert_close(found.gallery_weight[q, place], weight.gallery[0, 0])


@pytest.mark.parametrize("stop", [Converged(), Official()])
def test_pieces_of_any_shape_give_the_same(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    query, gallery, candidates = side(4), side(6), torch.arange(6).repeat(4, 1)
    whole = reference.solve(query, gallery, candidates, eps=0.05, stop=stop).similarity
    monkeypatch.setattr(reference, "_PAIRS_AT_ONCE", 4)
    torch.testing.assert_close(reference.solve(query, gallery, candidates, eps=0.05, stop=stop).similarity, whole)


def test_progress_is_told_in_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "_PAIRS_AT_ONCE", 3)
    told: list[int] = []
    candidates = torch.arange(5).repeat(2, 1)
    reference.solve(side(2), side(5), candidates, eps=0.05, stop=Converged(), on_progress=told.append)
    assert sum(told) == candidates.numel()
    assert max(told) <= 3
