"""Re-rankers by their names: those of this package, and those of another one."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import fdemd
from fdemd.emd import emd_similarity
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.reranker import Reranker, Similarity
from fdemd.retrieval.reranker_emd import EmdReranker
from fdemd.retrieval.reranker_k_reciprocal import KReciprocalReranker
from fdemd.retrieval.reranker_query_expansion import QueryExpansionReranker
from fdemd.retrieval.rerankers import build_reranker, reranker_names
from fdemd.retrieval.stage2 import reorder
from fdemd.settings.ranking import RERANK_SECTIONS, EmdRerank, KReciprocalRerank, OtherRerank, QueryExpansionRerank
from fdemd.visibility.store import write_calibration
from tests.visibility.made_features import MeanNet, made_calibration


def test_every_section_has_its_re_ranker() -> None:
    assert set(reranker_names()) >= set(RERANK_SECTIONS) - {"none"}
    assert isinstance(build_reranker(EmdRerank()), EmdReranker)
    assert isinstance(build_reranker(KReciprocalRerank()), KReciprocalReranker)
    assert isinstance(build_reranker(QueryExpansionRerank()), QueryExpansionReranker)


def test_covered_patches_are_told_by_the_networks_calibration(tmp_path: Path) -> None:
    net = MeanNet()
    write_calibration(made_calibration(net), tmp_path / "made.safetensors")
    settings = EmdRerank(visible="partial", calibration=str(tmp_path / "made.safetensors"), k=10, weighting="uniform")
    with torch.no_grad():
        query, gallery = net(torch.rand(6, 3, 8, 8)), net(torch.rand(30, 3, 8, 8))
    first = fdemd.rank(query, gallery)
    reranker = build_reranker(settings, net)
    assert reranker.estimator is not None
    seen = [each.seen(reranker.estimator(each).visible) for each in (query, gallery)]
    expected = emd_similarity(*seen, first.indices[:, :10], visible="partial", weighting="uniform").similarity
    found = fdemd.rerank(first, query, gallery, backbone=net, **dict(settings))
    assert torch.equal(found.indices, reorder(first, expected, 0.7).indices)
    stored = reranker.stored_as()
    assert stored is not None and len(stored["seen_by"]) == 64, "another calibration gives other similarities"
    assert "visible" not in build_reranker(EmdRerank()).stored_as(), "earlier similarities are found again"


def test_without_a_calibration_nothing_tells_what_is_covered() -> None:
    with pytest.raises(InputError, match=r"rerank\.visible=mass needs to know the network that gave the features"):
        build_reranker(EmdRerank(visible="mass"))
    with pytest.raises(InputError, match=r"rerank\.visible=mass needs a calibration, and none for this network came"):
        build_reranker(EmdRerank(visible="mass"), MeanNet())


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
