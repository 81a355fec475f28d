"""Colours stand over the right cells, and equal values are no division by zero."""

import numpy as np
import torch

from fdemd.report.heat_map import heat_map, range_text, scaled


def test_equal_values_have_one_colour() -> None:
    assert scaled(torch.full((4,), 0.25)).tolist() == [0.5] * 4
    assert range_text(torch.full((4,), 0.25)) == "all 0.2500"
    assert scaled(torch.tensor([1.0, 2.0, 3.0])).tolist() == [0, 0.5, 1]


def test_the_hottest_cell_is_where_the_value_is() -> None:
    values = torch.zeros(9)
    values[5] = 1
    reddish = heat_map(np.full((90, 90, 3), 128, np.uint8), values, (3, 3)).astype(int) @ (1, 0, -1)
    assert reddish[45, 75] > reddish[[15, 15, 75, 45], [15, 75, 15, 15]].max()
