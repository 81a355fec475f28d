"""What queries found: the places of each second stage, and counts of the pairs that are there."""

import pytest
import torch

from fdemd.features import Features
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.reranker import Similarity
from fdemd.retrieval.reranker_query_expansion import QueryExpansionReranker
from fdemd.retrieval.search_result import Scored, SearchResult
from fdemd.retrieval.second_stage import SecondStage

RERANKER = QueryExpansionReranker()
QUERY = Features(torch.eye(3), torch.ones(3, 4, 2), (2, 2))
FIRST = Ranking(
    [[4, 2, 0, 1], [3, 1, NOBODY, NOBODY], [0, 1, 2, NOBODY]],
    [[0.9, 0.8, 0.7, 0.6], [0.5, 0.4, -torch.inf, -torch.inf], [0.3, 0.2, 0.1, -torch.inf]],
)
WIDE, NARROW = SecondStage(RERANKER, 1.0, 4), SecondStage(RERANKER, 1.0, 2)
VALUES = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 9.0, 9.0], [0.3, 0.2, 0.1, 9.0]])
FLAGS = torch.tensor([[True, False, True, False], [False, True, True, True], [False, False, False, True]])


@pytest.fixture
def found() -> SearchResult:
    """Both stages share what the re-ranker said of four places."""
    scored = Scored(Similarity(VALUES, fallback=FLAGS), 1.5)
    return SearchResult("official", QUERY, FIRST, _scored={WIDE: scored, NARROW: scored})


def test_each_stage_orders_as_many_places_as_it_has(found: SearchResult) -> None:
    assert found.second(WIDE).indices.tolist() == [[1, 0, 2, 4], [1, 3, NOBODY, NOBODY], [0, 1, 2, NOBODY]]
    assert found.second(NARROW).indices.tolist() == [[2, 4, 0, 1], [1, 3, NOBODY, NOBODY], [0, 1, 2, NOBODY]]
    assert (found.second(NARROW).reranked, found.seconds(NARROW)) == (2, 1.5)


def test_flags_are_counted_where_there_is_somebody_within_the_stage_s_places(found: SearchResult) -> None:
    assert found.counts(WIDE) == (4, 3, 0)
    assert found.counts(NARROW) == (2, 2, 0)
    assert found.counts(WIDE, torch.tensor([False, True, True])) == (4, 1, 0)


def test_k_beyond_the_ranking_is_the_ranking(found: SearchResult) -> None:
    beyond = SecondStage(RERANKER, 1.0, 100)
    result = SearchResult("official", QUERY, FIRST, _scored={beyond: Scored(Similarity(VALUES), 0.0)})
    assert result.counts(beyond) == (4, 0, 0)
