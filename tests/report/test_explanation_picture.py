"""Heat maps and lines: the right cells, and no division by zero (spec 1.13)."""

import numpy as np
import pytest
import torch

from fdemd.emd.contributions import Match
from fdemd.features import Features
from fdemd.report.explanation_picture import line_ends
from fdemd.report.flow import reconstruction
from fdemd.report.heat_map import heat_map, range_text, scaled
from fdemd.scoring.explanation import explain


def test_a_line_goes_from_the_query_cell_to_the_gallery_cell() -> None:
    ends = line_ends(Match(query=5, gallery=2, flow=1.0, cosine=1.0), (2, 3), (40, 60), shift=100)
    assert ends == ((50, 30), (150, 10))


def test_equal_values_have_one_colour() -> None:
    assert scaled(torch.full((4,), 0.25)).tolist() == [0.5] * 4
    assert range_text(torch.full((4,), 0.25)) == "all 0.2500"
    assert scaled(torch.tensor([1.0, 2.0, 3.0])).tolist() == [0, 0.5, 1]


def test_the_hottest_cell_is_where_the_value_is() -> None:
    values = torch.zeros(9)
    values[5] = 1
    reddish = heat_map(np.full((90, 90, 3), 128, np.uint8), values, (3, 3)).astype(int) @ (1, 0, -1)
    assert reddish[45, 75] > reddish[[15, 15, 75, 45], [15, 75, 15, 15]].max()


def test_the_reconstruction_restores_a_query_whose_patches_were_moved() -> None:
    grey = torch.randint(0, 256, (9,)).numpy().astype(np.uint8)
    query, gallery = (
        np.repeat(np.repeat(each.reshape(3, 3, 1), 8, 0), 8, 1).repeat(3, 2) for each in (grey, np.roll(grey, 1))
    )
    eye = torch.eye(9)[None]
    pair = [Features(torch.ones(1, 9), each, (3, 3)) for each in (eye, eye.roll(1, dims=1))]
    found = explain(*pair, weighting="uniform")
    assert reconstruction(gallery, found.flow, found.query_weight, (3, 3)) == pytest.approx(query, abs=1)
