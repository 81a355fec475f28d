"""The query put together from the gallery face: the right patches in the right places (spec 1.13)."""

import numpy as np
import pytest
import torch

from fdemd.features import Features
from fdemd.report.flow import reconstruction
from fdemd.scoring.explanation import explain


def patchwork(rows: int, columns: int, size: int) -> np.ndarray:
    """A face whose cell n is all of grey level n + 1."""
    face = np.zeros((rows * size, columns * size, 3), np.uint8)
    for cell in range(rows * columns):
        row, column = divmod(cell, columns)
        face[row * size : (row + 1) * size, column * size : (column + 1) * size] = cell + 1
    return face


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (7, 6)])
def test_each_cell_shows_the_gallery_patch_its_flow_goes_to(rows: int, columns: int) -> None:
    order = torch.randperm(rows * columns)
    flow = torch.zeros(rows * columns, rows * columns)
    flow[torch.arange(rows * columns), order] = 1
    picture = reconstruction(patchwork(rows, columns, 5), flow, torch.ones(rows * columns), (rows, columns))
    shown = picture[2::5, 2::5, 0].flatten()
    assert shown.tolist() == (order + 1).tolist()


def test_patches_that_count_less_are_darker() -> None:
    face = np.full((40, 40, 3), 200, np.uint8)
    weight = torch.tensor([1.0, 0.25, 0.0, 1.0])
    picture = reconstruction(face, torch.eye(4), weight, (2, 2))
    assert [picture[y, x, 0] for y, x in ((5, 5), (5, 30), (30, 5), (30, 30))] == [200, 100, 0, 200]


def test_a_grid_that_does_not_divide_the_face_leaves_no_gap() -> None:
    face = np.full((150, 150, 3), 9, np.uint8)
    assert (reconstruction(face, torch.eye(64), torch.ones(64), (8, 8)) == 9).all()


def test_the_reconstruction_restores_a_query_whose_patches_were_moved() -> None:
    grey = torch.randint(0, 256, (9,)).numpy().astype(np.uint8)
    query, gallery = (
        np.repeat(np.repeat(each.reshape(3, 3, 1), 8, 0), 8, 1).repeat(3, 2) for each in (grey, np.roll(grey, 1))
    )
    eye = torch.eye(9)[None]
    pair = [Features(torch.ones(1, 9), each, (3, 3)) for each in (eye, eye.roll(1, dims=1))]
    found = explain(*pair, weighting="uniform")
    assert reconstruction(gallery, found.flow, found.query_weight, (3, 3)) == pytest.approx(query, abs=1)
