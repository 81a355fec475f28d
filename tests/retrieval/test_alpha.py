"""Alpha by rule: one mechanism for what the scores say and for what covers a query."""

from pathlib import Path

import pytest
import torch

import fdemd
from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.retrieval.alpha import build_alpha, by_scores, chosen_alpha
from fdemd.retrieval.auto_alpha import auto_alpha
from fdemd.retrieval.protocol import OFFICIAL, Labels
from fdemd.retrieval.second_stage import second_stages
from fdemd.retrieval.two_stages import TwoStageSearch
from fdemd.settings.ranking import EmdRerank
from fdemd.visibility.store import write_calibration
from tests.visibility.made_features import MeanNet, made_calibration


@pytest.fixture
def faces() -> tuple[MeanNet, Features, Features]:
    net = MeanNet()
    with torch.no_grad():
        return net, net(torch.rand(6, 3, 8, 8)), net(torch.rand(30, 3, 8, 8))


def calibrated(tmp_path: Path, net: MeanNet, alphas: list[float]) -> EmdRerank:
    write_calibration(made_calibration(net, alphas), tmp_path / "made.safetensors")
    return EmdRerank(alpha="calibrated", k=10, calibration=str(tmp_path / "made.safetensors"))


def test_a_number_is_a_number_and_auto_looks_at_the_scores(faces) -> None:
    net, query, gallery = faces
    first = fdemd.rank(query, gallery, depth=5)
    similarity = torch.rand(6, 5)
    assert chosen_alpha(build_alpha(0.7, EmdRerank(), net), query, first, similarity) == 0.7
    assert build_alpha("auto", EmdRerank(), None) is by_scores
    found = chosen_alpha(by_scores, query, first, similarity[:, :3])
    assert torch.equal(found, auto_alpha(first.scores[:, :3], similarity[:, :3]))


def test_a_calibration_of_zeros_is_the_first_stage(faces, tmp_path: Path) -> None:
    net, query, gallery = faces
    settings = calibrated(tmp_path, net, [0.0] * 7)
    first = fdemd.rank(query, gallery)
    found = fdemd.rerank(first, query, gallery, backbone=net, **dict(settings))
    assert torch.equal(found.indices, first.indices)
    assert found.alphas.tolist() == [0.0] * 6


def test_a_calibration_of_equal_alphas_is_a_fixed_one(faces, tmp_path: Path) -> None:
    net, query, gallery = faces
    settings = calibrated(tmp_path, net, [0.5] * 7)
    first = fdemd.rank(query, gallery)
    found = fdemd.rerank(first, query, gallery, backbone=net, **dict(settings))
    fixed = fdemd.rerank(first, query, gallery, alpha=0.5, k=10)
    assert torch.equal(found.indices, fixed.indices)
    torch.testing.assert_close(found.alphas, torch.full((6,), 0.5))


def test_a_search_and_a_ranking_of_one_s_own_agree(faces, tmp_path: Path) -> None:
    net, query, gallery = faces
    settings = calibrated(tmp_path, net, [0.0, 0.7, 0.6, 1.0, 0.5, 0.25, 0.5])
    stages = second_stages(settings, net)
    search = TwoStageSearch(gallery, Labels.distinct(torch.arange(30)), stages, backbone=net)
    found = search.queries(query, Labels.distinct(torch.arange(6), first=30)).rank(OFFICIAL, depth=30)
    alone = fdemd.rerank(fdemd.rank(query, gallery), query, gallery, backbone=net, **dict(settings))
    assert torch.equal(found.second(stages[0]).indices, alone.indices)
    assert torch.equal(found.second(stages[0]).alphas, alone.alphas)
    assert alone.alphas.unique().numel() > 1, "each query has its own"


def test_without_the_network_there_is_no_calibration(faces) -> None:
    _, query, gallery = faces
    with pytest.raises(InputError, match=r"rerank\.alpha=calibrated needs to know the network"):
        fdemd.rerank(fdemd.rank(query, gallery), query, gallery, alpha="calibrated")
