"""A Ranking checks itself, so that nobody after has to."""

import pytest
import torch

from fdemd.retrieval.ranking import NOBODY, Ranking, sorted_by_score


def test_a_valid_ranking_is_taken() -> None:
    Ranking(torch.tensor([[2, 0, NOBODY]]), torch.tensor([[0.9, 0.1, -torch.inf]]))


@pytest.mark.parametrize(
    ("indices", "scores", "complaint"),
    [
        ([[0, 0]], [[0.9, 0.1]], "twice"),
        ([[0, 1]], [[0.1, 0.9]], "not sorted"),
        ([[NOBODY, 1]], [[0.9, 0.1]], "hole"),
        ([[0, 1, 2]], [[0.9, 0.1]], r"must be \(Q, L\)"),
    ],
)
def test_an_invalid_ranking_is_refused(indices: list, scores: list, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Ranking(torch.tensor(indices), torch.tensor(scores))


def test_the_two_stages_are_sorted_each_by_itself() -> None:
    indices, scores = torch.tensor([[3, 1, 2, 0]]), torch.tensor([[0.4, 0.3, 0.8, 0.7]])
    Ranking(indices, scores, reranked=2)
    with pytest.raises(ValueError, match="not sorted"):
        Ranking(indices, scores)


def test_ties_keep_the_order_of_the_gallery() -> None:
    assert sorted_by_score(torch.tensor([[0.5, 0.9, 0.5, 0.5]])).tolist() == [[1, 0, 2, 3]]


def test_hits_know_that_nobody_is_not_a_person() -> None:
    ranking = Ranking(torch.tensor([[1, 0, NOBODY]]), torch.tensor([[0.9, 0.1, -torch.inf]]))
    assert ranking.hits(torch.tensor([7]), torch.tensor([5, 7, 7])).tolist() == [[True, False, False]]


def test_a_ranking_knows_the_size_of_its_gallery() -> None:
    ranking = Ranking([[1, 0]], [[0.9, 0.1]], gallery_size=3)
    assert ranking[torch.tensor([0])].gallery_size == 3
    with pytest.raises(ValueError, match="is of 3 gallery faces, not of 4"):
        ranking.hits(torch.tensor([7]), torch.tensor([5, 7, 7, 7]))
    with pytest.raises(ValueError, match="row 1, and there are 1 faces"):
        Ranking([[1, 0]], [[0.9, 0.1]], gallery_size=1)


def test_it_is_shown_by_its_shapes() -> None:
    shown = "Ranking(indices=(1, 2), scores=(1, 2), reranked=0, gallery_size=3)"
    assert repr(Ranking([[1, 0]], [[0.9, 0.1]], gallery_size=3)) == shown
