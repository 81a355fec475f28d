"""The Earth Mover's re-ranker: the similarity of the patches that its settings ask for."""

import pytest
import torch

from fdemd.emd import Official, emd_similarity
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.reranker_emd import EmdReranker
from tests.retrieval.made_features import GALLERY, QUERY, SHORTLIST


def test_the_grid_that_is_asked_for_is_compared() -> None:
    reranker = EmdReranker(weighting="sc", grid=[2, 2])
    sides = reranker.prepare(QUERY), reranker.prepare(GALLERY)
    expected = emd_similarity(QUERY.pooled((2, 2)), GALLERY.pooled((2, 2)), SHORTLIST, weighting="sc")
    assert torch.equal(reranker.similarity(*sides, SHORTLIST).values, expected.similarity)


def test_pairs_are_shared_only_where_a_pair_stops_by_itself() -> None:
    """Under the official stop the other candidates decide when a pair's transport ends."""
    converged, official = EmdReranker(), EmdReranker(stop="official")
    assert (converged.pairwise, official.pairwise) == (True, False)
    assert official.stop == Official()
    for reranker, same in ((converged, True), (official, False)):
        whole, few = (reranker.similarity(QUERY, GALLERY, SHORTLIST[:, :k]).values for k in (10, 2))
        assert torch.allclose(whole[:, :2], few, atol=1e-6, rtol=0) == same


def test_what_is_known_of_each_pair_is_passed_on() -> None:
    opposite = Features(-QUERY.embedding, -QUERY.patches.abs(), (4, 4))
    positive = Features(GALLERY.embedding, GALLERY.patches.abs(), (4, 4))
    told: list[int] = []
    found = EmdReranker(engine="reference").similarity(opposite, positive, SHORTLIST, on_progress=told.append)
    assert found.fallback is not None and found.unfinished is not None
    assert found.fallback.all(), "no patch has a positive weight"
    assert not found.unfinished.any()
    assert found.engine == "reference"
    assert sum(told) == SHORTLIST.numel()


def test_the_key_of_stored_similarities_is_that_of_earlier_runs() -> None:
    """Similarities of whole data sets, which take hours, are found by it."""
    assert EmdReranker(grid=[4, 4]).stored_as() == {
        "measure": "RerankSettings",
        "alpha": 0.7,
        "k": 100,
        "weighting": "apc",
        "eps": 0.05,
        "stop": "converged",
        "tolerance": 3e-4,
        "grid": (4, 4),
        "engine": "auto",
        "patches": "raw",
    }


def test_a_setting_that_there_is_not_is_told() -> None:
    with pytest.raises(InputError, match="There is no setting colour"):
        EmdReranker(colour="red")
