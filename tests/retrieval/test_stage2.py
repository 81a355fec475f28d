"""Stage 2: what it may touch, and Equation 9."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fdemd.errors import InputError
from fdemd.retrieval.ranking import NOBODY, Ranking
from fdemd.retrieval.stage2 import mix, reorder


def first_stage() -> Ranking:
    """Of 4 queries and 9 gallery faces."""
    scores, indices = (2 * torch.rand(4, 9) - 1).sort(dim=1, descending=True)
    return Ranking(indices, scores)


@given(alpha=st.floats(0, 1), k=st.integers(1, 9), seed=st.integers(0, 999))
@settings(max_examples=50, deadline=None)
def test_stage_2_only_permutes_the_first_k(alpha: float, k: int, seed: int) -> None:
    torch.manual_seed(seed)
    first = first_stage()
    second = reorder(first, torch.rand(4, k), alpha)
    assert torch.equal(second.indices[:, k:], first.indices[:, k:])
    assert torch.equal(second.indices[:, :k].sort().values, first.indices[:, :k].sort().values)


def test_alpha_0_is_stage_1_and_alpha_1_is_the_second_score_alone() -> None:
    first = first_stage()
    similarity = torch.rand(4, 6)
    assert torch.equal(reorder(first, similarity, 0).indices, first.indices)
    alone = reorder(first, similarity, 1).indices[:, :6]
    assert torch.equal(alone, first.indices[:, :6].gather(1, similarity.argsort(dim=1, descending=True)))


def test_the_mix_is_equation_9() -> None:
    first = first_stage()
    similarity = torch.rand(4, 9)
    expected = (0.7 * similarity + 0.3 * first.scores).sort(dim=1, descending=True).values
    torch.testing.assert_close(reorder(first, similarity, 0.7).scores, expected)


def test_k_1_changes_nothing() -> None:
    first = first_stage()
    assert torch.equal(reorder(first, torch.rand(4, 1), 0.7).indices, first.indices)


@pytest.mark.parametrize("alpha", [2, -0.1, float("nan"), "often"])
def test_an_impossible_alpha_is_refused(alpha: float) -> None:
    with pytest.raises(InputError, match="alpha"):
        reorder(first_stage(), torch.rand(4, 2), alpha)


def test_nobody_stays_at_the_end_whatever_is_said_of_them() -> None:
    first = Ranking([[3, 1, NOBODY]], [[0.5, 0.4, -torch.inf]])
    second = reorder(first, torch.tensor([[0.1, 0.9, 1.0]]), 1.0)
    assert second.indices.tolist() == [[1, 3, NOBODY]]
    assert mix(first.scores, torch.ones(1, 3), 0.5, first.indices == NOBODY)[0, 2] == -torch.inf


def test_what_cannot_be_mixed_is_told() -> None:
    with pytest.raises(ValueError, match="similarities of 10 places, and the ranking has 9"):
        reorder(first_stage(), torch.rand(4, 10), 0.5)
    with pytest.raises(InputError, match="not finite"):
        reorder(first_stage(), torch.full((4, 2), torch.nan), 0.5)


def test_what_was_left_out_of_the_first_stage_is_remembered() -> None:
    sources = torch.arange(4), torch.arange(9)
    first = first_stage()
    second = reorder(Ranking(first.indices, first.scores, sources=sources), torch.rand(4, 3), 0.5)
    assert second.sources is sources
