"""The discrepancy taken off a cosine, beside the formula written out."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.score_normalization.discrepancy import subtract_discrepancy

COSINES = st.floats(-1, 1)


@given(COSINES, COSINES, COSINES, st.floats(0, 2))
def test_half_of_both_discrepancies_is_taken_off_times_the_strength(
    cosine: float, one: float, other: float, strength: float
) -> None:
    numbers = (torch.tensor(value, dtype=torch.float64) for value in (cosine, one, other))
    found = subtract_discrepancy(*numbers, strength)
    assert found.item() == pytest.approx(cosine - strength * (one + other) / 2)


def test_strength_0_gives_the_cosine_bit_for_bit() -> None:
    cosine = torch.rand(3, 4)
    assert torch.equal(subtract_discrepancy(cosine, torch.rand(3, 1), torch.rand(1, 4), 0.0), cosine)


def test_rows_and_columns_of_a_table_have_one_discrepancy_each() -> None:
    cosine, one, other = torch.rand(3, 4), torch.rand(3, 1), torch.rand(1, 4)
    found = subtract_discrepancy(cosine, one, other, 0.5)
    for row in range(3):
        for column in range(4):
            expected = cosine[row, column] - 0.25 * (one[row, 0] + other[0, column])
            torch.testing.assert_close(found[row, column], expected)


def test_discrepancies_of_other_faces_are_told() -> None:
    with pytest.raises(ValueError, match="do not go together"):
        subtract_discrepancy(torch.rand(3, 4), torch.rand(2, 1), torch.rand(1, 4), 0.5)
