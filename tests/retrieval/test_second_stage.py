"""A second stage is what the settings of the section rerank say."""

from fdemd.retrieval.alpha import by_scores
from fdemd.retrieval.reranker_emd import EmdReranker
from fdemd.retrieval.reranker_query_expansion import QueryExpansionReranker
from fdemd.retrieval.second_stage import second_stages
from fdemd.settings.ranking import EmdRerank, QueryExpansionRerank


def test_alpha_and_k_stand_beside_the_re_ranker_that_has_the_other_settings() -> None:
    (emd,) = second_stages(EmdRerank(alpha="auto", k=7, weighting="sc"))
    assert isinstance(emd.reranker, EmdReranker)
    assert (emd.alpha, emd.k, emd.reranker.settings.weighting) == (by_scores, 7, "sc")
    (expansion,) = second_stages(QueryExpansionRerank(n=2))
    assert isinstance(expansion.reranker, QueryExpansionReranker)
    assert (expansion.alpha, expansion.reranker.settings.n) == (1.0, 2)


def test_without_settings_there_is_none() -> None:
    assert second_stages(None) == ()
