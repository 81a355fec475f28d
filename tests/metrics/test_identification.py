"""P@1, R-Precision and MAP@R against pytorch-metric-learning, torchmetrics and the published implementation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from torchmetrics.functional.retrieval import retrieval_r_precision

from fdemd.metrics.identification import (
    IDENTIFICATION,
    best_possible,
    map_at_r,
    metrics_named,
    precision_at_1,
    r_precision,
)
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels, count_relevant
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.settings.ranking import METRICS
from tests.conftest import GOLDEN


def test_a_worked_example() -> None:
    """R = 3, right at places 1 and 3: RP 2/3, MAP@R (1/1 + 2/3) / 3."""
    hits, relevant = torch.tensor([[True, False, True, False]]), torch.tensor([3])
    assert precision_at_1(hits, relevant).item() == 1
    assert r_precision(hits, relevant).item() == pytest.approx(2 / 3)
    assert map_at_r(hits, relevant).item() == pytest.approx((1 + 2 / 3) / 3)


@given(seed=st.integers(0, 10**6), people=st.integers(2, 8), photographs=st.integers(3, 40))
@settings(max_examples=30, deadline=None)
def test_leave_one_out_equals_pytorch_metric_learning(seed: int, people: int, photographs: int) -> None:
    torch.manual_seed(seed)
    embeddings, identity = torch.randn(photographs, 6), torch.randint(people, (photographs,))
    who = Labels(identity, torch.arange(photographs), torch.arange(photographs))
    relevant = count_relevant(who, who, LEAVE_TWIN_OUT)
    if not (relevant > 0).any():
        return
    ranking = rank_by_cosine(embeddings, embeddings, who, who, protocol=LEAVE_TWIN_OUT, depth=photographs)
    hits = ranking.hits(identity, identity)
    unit = torch.nn.functional.normalize(embeddings, dim=1).numpy()
    expected = AccuracyCalculator(
        include=("precision_at_1", "r_precision", "mean_average_precision_at_r"), k=photographs - 1, knn_func=_exact
    ).get_accuracy(unit, identity.numpy(), unit, identity.numpy(), ref_includes_query=True)
    answerable = relevant > 0
    for figure, name in (
        (precision_at_1, "precision_at_1"),
        (r_precision, "r_precision"),
        (map_at_r, "mean_average_precision_at_r"),
    ):
        mean = figure(hits[answerable], relevant[answerable]).mean().item()
        assert mean == pytest.approx(expected[name], abs=1e-9), name


def _exact(query: torch.Tensor, k: int, reference: torch.Tensor, _: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Brute-force neighbours in our order of ties, without the query itself (the role of faiss in the library)."""
    cosine = query @ reference.T
    cosine.fill_diagonal_(-torch.inf)
    scores, order = cosine.sort(dim=1, descending=True, stable=True)
    return scores[:, :k], order[:, :k]


def test_r_precision_equals_torchmetrics() -> None:
    scores, target = torch.rand(20, 30) + 0.1, torch.rand(20, 30) < 0.2
    hits = target.gather(1, scores.argsort(dim=1, descending=True))
    expected = [retrieval_r_precision(s, t).item() for s, t in zip(scores, target, strict=True)]
    found = r_precision(hits, target.sum(1))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_legacy_counts_equal_the_published_figures() -> None:
    golden = np.load(GOLDEN / "emd.npz")
    ranking = torch.from_numpy(golden["metrics_rank"])
    gallery, query = torch.from_numpy(golden["metrics_gallery_label"]), torch.from_numpy(golden["metrics_query_label"])
    hits = gallery[ranking] == query[:, None]
    relevant = (gallery == query[:, None]).sum(1)
    found = np.stack([figure(hits, relevant).numpy() for figure in IDENTIFICATION.values()], axis=1)
    np.testing.assert_allclose(found, golden["metrics_p1_rp_mapr"], atol=1e-5)


def test_counting_the_query_itself_caps_a_perfect_ranking() -> None:
    """The published R counts the query, which is ranked last: 3 photographs of a person can score 2/3 (spec 1.9)."""
    perfect = torch.tensor([[True, True, False, False]])
    assert r_precision(perfect, torch.tensor([2])).item() == 1
    assert r_precision(perfect, torch.tensor([3])).item() == pytest.approx(2 / 3)


def test_no_ranking_beats_the_best_possible_one() -> None:
    hits, relevant = torch.rand(200, 20) < 0.2, torch.randint(1, 6, (200,))
    shuffled = torch.cat([hits[:, :10][:, torch.randperm(10)], hits[:, 10:]], dim=1)
    for figure in metrics_named(METRICS).values():
        assert (figure(shuffled, relevant) <= figure(best_possible(hits, 10), relevant) + 1e-12).all()
