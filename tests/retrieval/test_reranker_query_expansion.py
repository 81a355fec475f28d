"""The expanding re-ranker joins the first n of the shortlist that it is shown."""

import pytest
import torch

from fdemd.errors import InputError
from fdemd.retrieval.query_expansion import expanded_similarity
from fdemd.retrieval.reranker_query_expansion import QueryExpansionReranker
from tests.retrieval.made_features import GALLERY, QUERY, SHORTLIST


def test_the_first_n_are_joined() -> None:
    told: list[int] = []
    found = QueryExpansionReranker(n=2).similarity(QUERY, GALLERY, SHORTLIST, on_progress=told.append).values
    assert torch.equal(found, expanded_similarity(QUERY.embedding, GALLERY.embedding, SHORTLIST, n=2))
    assert told == [SHORTLIST.numel()]


def test_a_shorter_shortlist_is_another_expansion_so_that_pairs_are_not_shared() -> None:
    reranker = QueryExpansionReranker(n=8)
    assert not reranker.pairwise
    whole, few = (reranker.similarity(QUERY, GALLERY, SHORTLIST[:, :k]).values for k in (10, 5))
    assert not torch.allclose(whole[:, :5], few)


def test_it_is_too_fast_to_be_stored() -> None:
    assert QueryExpansionReranker().stored_as() is None


def test_a_setting_that_there_is_not_is_told() -> None:
    with pytest.raises(InputError, match="There is no setting colour"):
        QueryExpansionReranker(colour="red")
