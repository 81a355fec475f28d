"""Re-rankers by their names, and what they have in common."""

from collections.abc import Callable

import pytest
import torch

from fdemd.emd import emd_similarity
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.k_reciprocal import KReciprocal
from fdemd.retrieval.query_expansion import expanded_similarity
from fdemd.retrieval.reranker import Reranker, Similarity
from fdemd.retrieval.reranker_emd import EmdReranker
from fdemd.retrieval.reranker_k_reciprocal import KReciprocalReranker
from fdemd.retrieval.reranker_query_expansion import QueryExpansionReranker
from fdemd.retrieval.rerankers import build_reranker, reranker_names
from fdemd.settings.ranking import RERANK_SECTIONS, EmdRerank, KReciprocalRerank, OtherRerank, QueryExpansionRerank

QUERIES, FACES = 5, 30


def faces(count: int, seed: int) -> Features:
    patches = torch.randn(count, 16, 8, generator=torch.Generator().manual_seed(seed))
    return Features(patches.mean(1), patches, (4, 4))


QUERY, GALLERY = faces(QUERIES, 0), faces(FACES, 1)
SHORTLIST = torch.rand(QUERIES, FACES, generator=torch.Generator().manual_seed(2)).argsort(dim=1)[:, :10]


def test_every_section_has_its_re_ranker() -> None:
    assert set(reranker_names()) >= set(RERANK_SECTIONS) - {"none"}
    assert isinstance(build_reranker(EmdRerank()), EmdReranker)
    assert isinstance(build_reranker(KReciprocalRerank()), KReciprocalReranker)
    assert isinstance(build_reranker(QueryExpansionRerank()), QueryExpansionReranker)


def test_the_earth_mover_s_re_ranker_compares_the_grid_that_is_asked_for() -> None:
    reranker = build_reranker(EmdRerank(weighting="sc", grid=(2, 2)))
    sides = reranker.prepare(QUERY), reranker.prepare(GALLERY)
    expected = emd_similarity(QUERY.pooled((2, 2)), GALLERY.pooled((2, 2)), SHORTLIST, weighting="sc")
    assert torch.equal(reranker.similarity(*sides, SHORTLIST).values, expected.similarity)


def test_the_k_reciprocal_re_ranker_finds_neighbours_of_each_gallery_anew() -> None:
    reranker = build_reranker(KReciprocalRerank(k1=4, k2=2))
    for gallery in (GALLERY, faces(FACES, 3), GALLERY):
        expected = KReciprocal(gallery.embedding, 4, 2).similarity(QUERY.embedding, SHORTLIST)
        assert torch.equal(reranker.similarity(QUERY, gallery, SHORTLIST).values, expected)


def test_the_expanding_re_ranker_joins_the_first_n() -> None:
    found = build_reranker(QueryExpansionRerank(n=2)).similarity(QUERY, GALLERY, SHORTLIST).values
    assert torch.equal(found, expanded_similarity(QUERY.embedding, GALLERY.embedding, SHORTLIST, n=2))


def test_keys_of_stored_similarities_are_those_of_earlier_runs() -> None:
    """Similarities of whole data sets, which take hours, are found by these."""
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
    assert KReciprocalReranker().stored_as() == {"measure": "KReciprocalSettings", "k1": 20, "k2": 6}
    assert QueryExpansionReranker().stored_as() is None


@pytest.mark.parametrize("make", [EmdReranker, KReciprocalReranker, QueryExpansionReranker])
def test_a_setting_that_there_is_not_is_told(make: Callable[..., Reranker]) -> None:
    with pytest.raises(InputError, match="There is no setting colour"):
        make(colour="red")


class Mine(Reranker):
    """As another package would bring it."""

    def __init__(self, *, power: int = 1) -> None:
        self.power = power

    def similarity(self, query: Features, gallery: Features, shortlist: torch.Tensor, **_: object) -> Similarity:
        difference = query.embedding[:, None] - gallery.embedding[shortlist]
        return Similarity(-(difference.norm(dim=2) ** self.power))


def test_another_package_s_re_ranker_takes_its_settings_as_keywords(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("fdemd.settings.ranking", "fdemd.retrieval.rerankers"):
        monkeypatch.setattr(f"{module}.plugin_names", lambda group: ["mine"])
    monkeypatch.setattr("fdemd.settings.ranking.check_plugin_settings", lambda *given: {})
    monkeypatch.setattr("fdemd.retrieval.rerankers.load_plugin", lambda group, name: Mine)
    assert build_reranker(OtherRerank(method="mine", power=2)).power == 2  # type: ignore[attr-defined, call-arg]
