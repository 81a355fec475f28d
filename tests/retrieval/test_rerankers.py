"""Re-rankers by their names: those of this package, and those of another one."""

from collections.abc import Callable

import pytest
import torch

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.reranker import Reranker, Similarity
from fdemd.retrieval.reranker_emd import EmdReranker
from fdemd.retrieval.reranker_k_reciprocal import KReciprocalReranker
from fdemd.retrieval.reranker_query_expansion import QueryExpansionReranker
from fdemd.retrieval.rerankers import build_reranker, reranker_names
from fdemd.settings.ranking import RERANK_SECTIONS, EmdRerank, KReciprocalRerank, OtherRerank, QueryExpansionRerank


def test_every_section_has_its_re_ranker() -> None:
    assert set(reranker_names()) >= set(RERANK_SECTIONS) - {"none"}
    assert isinstance(build_reranker(EmdRerank()), EmdReranker)
    assert isinstance(build_reranker(KReciprocalRerank()), KReciprocalReranker)
    assert isinstance(build_reranker(QueryExpansionRerank()), QueryExpansionReranker)


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


@pytest.mark.parametrize("make", [EmdReranker, KReciprocalReranker, QueryExpansionReranker])
def test_a_setting_that_there_is_not_is_told(make: Callable[..., Reranker]) -> None:
    with pytest.raises(InputError, match="There is no setting colour"):
        make(colour="red")
