"""CosFace's margin is taken from the own cosine, the same at every angle."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.losses import CosFaceHead


@given(margin=st.floats(0, 1), own=st.integers(0, 3), seed=st.integers(0, 99))
def test_only_the_own_cosine_is_lowered_and_by_the_margin_alone(margin: float, own: int, seed: int) -> None:
    cosines = torch.rand(5, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1
    lowered = CosFaceHead(8, 4, margin=margin).with_margin(cosines, torch.full((5,), own))
    expected = cosines.clone()
    expected[:, own] -= margin
    torch.testing.assert_close(lowered, expected)


def test_a_label_of_nobody_is_refused() -> None:
    with pytest.raises((IndexError, ValueError)):
        CosFaceHead(8, 4).with_margin(torch.zeros(1, 4), torch.tensor([4]))
