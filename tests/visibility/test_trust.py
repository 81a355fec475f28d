"""Alphas by condition: what gains is found, what harms clean faces is not done."""

from collections.abc import Mapping

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from fdemd.visibility.conditions import CONDITIONS
from fdemd.visibility.trust import MOST_LOST, calibrate_alphas, expected_alpha

CLEAN, BELOW = CONDITIONS.index("clean"), CONDITIONS.index("below")


def known(condition: Tensor, sure: float = 1.0) -> Tensor:
    """Probabilities of an estimator that is right, and as sure as this."""
    rest = (1 - sure) / (len(CONDITIONS) - 1)
    return torch.full((len(condition), len(CONDITIONS)), rest).scatter(1, condition[:, None], sure)


def network(condition: Tensor, turning: Mapping[int, tuple[float, bool]]):
    """Figures of queries that the second stage turns, at an alpha of their condition, to right (True) or wrong."""

    def measure(alphas: Tensor) -> dict[str, Tensor]:
        right = torch.full((len(condition),), 0.5).bernoulli(generator=torch.Generator().manual_seed(0))
        for place, (least, to) in turning.items():
            right[(condition == place) & (alphas >= least)] = float(to)
        return {"P@1": right, "RP": right}

    return measure


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7), st.integers(0, 100))
def test_an_expected_alpha_lies_between_those_of_the_conditions(alphas: list[float], seed: int) -> None:
    probability = torch.rand(20, 7, generator=torch.Generator().manual_seed(seed)).softmax(1)
    found = expected_alpha(probability, torch.tensor(alphas))
    assert (found >= min(alphas) - 1e-6).all()
    assert (found <= max(alphas) + 1e-6).all()


def test_a_condition_that_gains_gets_its_alpha_and_one_that_loses_gets_none() -> None:
    condition = torch.arange(300) % 2
    measure = network(condition, {CLEAN: (0.3, False), BELOW: (0.5, True)})
    found = calibrate_alphas(measure, condition, known(condition))
    assert found[CLEAN] == 0
    assert found[BELOW] == 0.5
    assert found[2:].tolist() == [0] * 5, "what does not occur is left to the first stage"


def test_few_queries_say_nothing() -> None:
    condition = torch.full((10,), BELOW)
    assert not calibrate_alphas(network(condition, {BELOW: (0.5, True)}), condition, known(condition)).any()


def test_a_gain_that_may_be_chance_is_not_believed() -> None:
    condition = torch.full((400,), BELOW)

    def measure(alphas: Tensor) -> dict[str, Tensor]:
        changed = torch.zeros(400)
        changed[:3], changed[3:5] = 1.0, -1.0
        right = 0.5 + changed * 0.5 * (alphas > 0.5)
        return {"P@1": right, "RP": right}

    assert not calibrate_alphas(measure, condition, known(condition)).any()


def test_an_alpha_that_costs_r_precision_is_not_taken() -> None:
    condition = torch.full((400,), BELOW)

    def measure(alphas: Tensor) -> dict[str, Tensor]:
        return {"P@1": (alphas > 0.2).float(), "RP": 1 - (alphas > 0.5).float()}

    found = calibrate_alphas(measure, condition, known(condition))
    assert 0.2 < found[BELOW] <= 0.5


def test_an_alpha_that_costs_p1_is_not_taken_however_much_r_precision_gains() -> None:
    condition = torch.full((400,), BELOW)

    def measure(alphas: Tensor) -> dict[str, Tensor]:
        return {"P@1": 0.5 - 0.1 * (alphas > 0.35), "RP": 0.1 + 0.2 * (alphas > 0.15) + 0.5 * (alphas > 0.35)}

    assert calibrate_alphas(measure, condition, known(condition))[BELOW] == pytest.approx(0.2)


def test_r_precision_counts_as_p1_does() -> None:
    condition = torch.full((400,), BELOW)

    def measure(alphas: Tensor) -> dict[str, Tensor]:
        """From 0.3 on P@1 gains all that it can; RP gains more at 0.6 than P@1 loses there."""
        right = 0.4 * (alphas > 0.25) - 0.1 * (alphas > 0.55)
        return {"P@1": right, "RP": 0.1 + 0.2 * (alphas > 0.55)}

    assert calibrate_alphas(measure, condition, known(condition))[BELOW] == pytest.approx(0.6)


@pytest.mark.parametrize("sure", [1.0, 0.8, 0.4])
def test_clean_faces_are_guarded_however_unsure_the_estimator_is(sure: float) -> None:
    condition = torch.arange(400) % 2
    measure = network(condition, {CLEAN: (0.1, False), BELOW: (0.4, True)})
    probability = known(condition, sure)
    alphas = calibrate_alphas(measure, condition, probability)
    after, before = measure(expected_alpha(probability, alphas)), measure(torch.zeros(400))
    clean = condition == CLEAN
    for figure in ("P@1", "RP"):
        assert (after[figure] - before[figure])[clean].mean() >= -MOST_LOST
    if sure == 1:
        assert alphas[BELOW] > 0


def test_the_guard_shrinks_the_alpha_of_clean_faces_no_further_than_it_must() -> None:
    """On clean faces as they are known 0.6 is best, but the estimator takes some for covered, which harms them."""
    condition = torch.cat([torch.zeros(1000, dtype=torch.long), torch.ones(1000, dtype=torch.long)])

    def measure(alphas: Tensor) -> dict[str, Tensor]:
        right = torch.ones(2000)
        right[:1000] = ((alphas[:1000] > 0.25) & (alphas[:1000] < 0.65)).float() * 0.001 + 0.5
        right[:10] = 0.5 - (alphas[:10] > 0.7).float() * 0.4
        right[1000:] = (alphas[1000:] > 0.75).float()
        return {"P@1": right, "RP": right}

    probability = known(condition)
    probability[:10] = torch.tensor([0.5, 0.5, 0, 0, 0, 0, 0])
    alphas = calibrate_alphas(measure, condition, probability)
    assert alphas[BELOW] == 0.8
    clean = measure(expected_alpha(probability, alphas))["P@1"][:1000] - 0.5
    assert clean.mean() >= -MOST_LOST
    assert alphas[CLEAN] > 0
