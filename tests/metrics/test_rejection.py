"""Rejection curves against counting by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from fdemd.metrics.rejection import (
    area_under_risk,
    oracle_confidence,
    rejection_area,
    risk_coverage,
    tar_after_rejection,
)
from fdemd.metrics.verification import tar_at_far


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=20))
def test_risk_coverage_equals_counting(queries: list[tuple[int, bool]]) -> None:
    confidence, right = (torch.tensor(part) for part in zip(*queries, strict=True))
    coverage, risk = risk_coverage(confidence, right)
    ranked = sorted(queries, key=lambda query: -query[0])  # stable, ties in order
    for answered in range(1, len(queries) + 1):
        wrong = sum(not right for _, right in ranked[:answered])
        assert coverage[answered - 1] == pytest.approx(answered / len(queries))
        assert risk[answered - 1] == pytest.approx(wrong / answered)
    assert area_under_risk(confidence, right) == pytest.approx(risk.mean().item())


def pairs() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    same = torch.arange(400) % 2 == 0
    confidence = torch.rand(400, generator=generator)
    noise = torch.randn(400, generator=generator) * (1.5 - confidence)
    return same.float() + noise, same, confidence


def test_the_rate_after_rejection_is_that_of_the_pairs_left_with_their_own_threshold() -> None:
    score, same, confidence = pairs()
    portions = torch.linspace(0, 0.5, 6)
    found = tar_after_rejection(score, same, confidence, 0.05, portions)
    everyone = sorted(zip(confidence.tolist(), score.tolist(), same.tolist(), strict=True), reverse=True)
    for portion, rate in zip(portions.tolist(), found.tolist(), strict=True):
        kept = everyone[: 400 - round(400 * portion)]
        strangers = sorted((score for _, score, same in kept if not same), reverse=True)
        threshold = strangers[round(0.05 * len(strangers)) - 1]
        own = [score for _, score, same in kept if same]
        assert rate == pytest.approx(sum(score >= threshold for score in own) / len(own))
    assert found[-1] > found[0], "the surest pairs are told apart best here"


def test_the_area_is_that_of_trapezoids_by_the_range() -> None:
    portions, rate = torch.tensor([0.0, 0.1, 0.5]), torch.tensor([0.5, 0.7, 1.0])
    assert rejection_area(portions, rate) == pytest.approx((0.1 * 0.6 + 0.4 * 0.85) / 0.5)
    assert rejection_area(portions, torch.ones(3)) == pytest.approx(1)


def test_an_oracle_is_better_than_any_other_confidence() -> None:
    score, same, confidence = pairs()
    oracle = oracle_confidence(score, same, tar_at_far(score, same, 0.05).threshold)
    portions = torch.linspace(0, 0.5, 11)
    areas = [
        rejection_area(portions, tar_after_rejection(score, same, each, 0.05, portions))
        for each in (oracle, confidence)
    ]
    assert areas[0] > areas[1]


def test_without_pairs_of_both_kinds_there_is_no_rate() -> None:
    score, same = torch.tensor([0.9, 0.8, 0.1, 0.2]), torch.tensor([True, True, False, False])
    rate = tar_after_rejection(score, same, torch.tensor([4.0, 3.0, 2.0, 1.0]), 0.1, torch.tensor([0.0, 0.5]))
    assert rate[0] == 1
    assert math.isnan(rate[1])
