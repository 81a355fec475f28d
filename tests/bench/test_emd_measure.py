"""Speeds are ratios of neighbouring runs; rankings are compared by Kendall's tau."""

import pytest
import torch
from scipy.stats import kendalltau

from fdemd.bench.emd_contenders import EXACT, PUBLISHED, contenders
from fdemd.bench.emd_measure import kendall_tau, measure
from tests.bench.made_tasks import task


def test_kendall_tau_is_scipys_without_ties() -> None:
    one, other = torch.rand(4, 10), torch.rand(4, 10)
    expected = sum(kendalltau(a, b).statistic for a, b in zip(one, other, strict=True)) / 4
    assert kendall_tau(one, other) == pytest.approx(expected)
    assert kendall_tau(one, -one) == -1


def test_ratios_are_to_the_published_algorithm_and_to_the_floor() -> None:
    results = {each.contender: each for each in measure("3x3x16", task(), contenders(), seconds=0, sample=3)}
    assert results[PUBLISHED].times_published == 1
    assert results["reference float32"].share_of_floor is None
    assert results["reference float32"].tau_converged == pytest.approx(1, abs=0.2)
    for name, result in results.items():
        assert result.pairs_per_second > 0 and result.rounds >= 3
        assert (result.error is None) == (name == EXACT or name.startswith("products"))
