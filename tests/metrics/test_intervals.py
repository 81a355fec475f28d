"""Bootstrap intervals: reproducible, ordered, and wider when people, not photographs, are few."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.metrics import intervals
from fdemd.metrics.intervals import bootstrap_by_identity


def test_the_mean_is_over_queries_and_lies_within_its_interval() -> None:
    values, identities = torch.rand(60), torch.arange(60) // 6
    estimate = bootstrap_by_identity(values, identities)
    assert math.isclose(estimate.mean, values.double().mean().item(), abs_tol=1e-9)
    assert estimate.low < estimate.mean < estimate.high


def test_the_same_seed_gives_the_same_interval() -> None:
    values, identities = torch.rand(60), torch.arange(60) // 6
    assert bootstrap_by_identity(values, identities, seed=3) == bootstrap_by_identity(values, identities, seed=3)
    assert bootstrap_by_identity(values, identities, seed=3) != bootstrap_by_identity(values, identities, seed=4)


def test_photographs_of_one_person_are_not_independent() -> None:
    values = (torch.arange(100) // 10 % 2).double()
    by_person = bootstrap_by_identity(values, torch.arange(100) // 10)
    by_photograph = bootstrap_by_identity(values, torch.arange(100))
    assert by_person.high - by_person.low > 2 * (by_photograph.high - by_photograph.low)


def test_the_interval_covers_the_truth_about_95_times_in_100() -> None:
    torch.manual_seed(0)
    covered = 0
    for trial in range(200):
        estimate = bootstrap_by_identity(torch.randn(80) + 1, torch.arange(80), seed=trial, draws=500)
        covered += estimate.low <= 1 <= estimate.high
    assert 180 <= covered <= 200


def test_without_queries_there_is_no_mean() -> None:
    assert math.isnan(bootstrap_by_identity(torch.empty(0), torch.empty(0)).mean)


@pytest.mark.parametrize("seed", range(5))
def test_neither_the_order_of_queries_nor_the_names_of_people_matter(seed: int) -> None:
    """Values of every kind: rates of 0 and 1, thirds that do not add up exactly, people of several sizes."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(4, (90,), generator=generator) / 3
    identities = torch.randint(17, (90,), generator=generator)
    expected = bootstrap_by_identity(values, identities, seed=seed)
    shuffled = torch.randperm(90, generator=generator)
    assert bootstrap_by_identity(values[shuffled], identities[shuffled], seed=seed) == expected
    renamed = torch.randperm(1000, generator=generator)[identities]
    assert bootstrap_by_identity(values, renamed, seed=seed) == expected
    assert bootstrap_by_identity(values[shuffled], renamed[shuffled], seed=seed) == expected


def test_a_paired_difference_is_surer_than_two_means() -> None:
    """Easy and hard people succeed and fail by both ways; that the second is better by a tenth is sure all the same."""
    identities = torch.arange(100) // 5
    before = (identities / 20).double()
    gain = bootstrap_by_identity((before + 0.1) - before, identities)
    assert gain.low == pytest.approx(0.1) and gain.high == pytest.approx(0.1)
    assert bootstrap_by_identity(before, identities).high - bootstrap_by_identity(before, identities).low > 0.2


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 200), st.integers(0, 2**16))
def test_samples_that_are_drawn_portion_by_portion_are_those_drawn_at_once(
    people: int, draws: int, at_once: int, seed: int
) -> None:
    values = torch.rand(3 * people, generator=torch.Generator().manual_seed(seed))
    identities = torch.arange(3 * people) % people
    whole = bootstrap_by_identity(values, identities, seed=seed, draws=draws)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intervals, "_DRAWN_AT_ONCE", at_once)
        assert bootstrap_by_identity(values, identities, seed=seed, draws=draws) == whole


def test_of_many_people_portions_give_the_last_digit_too() -> None:
    """Rows long enough for PyTorch to add them up on several threads, if they stood alone."""
    values, identities = torch.rand(70_000, generator=torch.Generator().manual_seed(0)), torch.arange(70_000)
    sums, counts = intervals._people(values.double(), identities)
    generators = [torch.Generator().manual_seed(5) for _ in range(2)]
    whole = intervals._means(sums, counts, 33, generators[0])
    portions = list(intervals._portions(33, 70_000))
    assert len(portions) > 1
    assert torch.equal(torch.cat([intervals._means(sums, counts, each, generators[1]) for each in portions]), whole)


@given(st.integers(1, 5000), st.integers(1, 2**21))
def test_portions_are_all_samples_and_none_stands_alone(draws: int, people: int) -> None:
    portions = list(intervals._portions(draws, people))
    assert sum(portions) == draws
    assert draws == 1 or min(portions) > 1
    assert max(portions) <= max(3, intervals._DRAWN_AT_ONCE // people + 1)
