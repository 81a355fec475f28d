"""The flow between two faces as a picture (Figs. 1 and 5 of DeepFace-EMD, Phan and Nguyen, CVPR 2022)."""

from __future__ import annotations

import numpy as np
from torch import Tensor


def reconstruction(gallery_face: np.ndarray, flow: Tensor, query_weight: Tensor, grid: tuple[int, int]) -> np.ndarray:
    """Put the query together from the gallery face: in each cell the gallery patch that most of its flow goes to.

    The published code reads the flow the other way round; this is the way that the paper describes.

    Args:
        gallery_face: ``(H, W, 3)`` uint8 RGB.
        flow: ``(N, N)`` flow, (query patch, gallery patch).
        query_weight: ``(N,)`` weights; the less a query patch counts, the darker its cell.
        grid: Rows and columns of the patches.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    rows, columns = grid
    height, width = gallery_face.shape[:2]
    top, left = np.linspace(0, height, rows + 1).astype(int), np.linspace(0, width, columns + 1).astype(int)
    brightness = (query_weight / query_weight.max()).sqrt().numpy()
    picture = np.zeros_like(gallery_face)
    for cell, match in enumerate(flow.argmax(1).tolist()):
        row, column = divmod(cell, columns)
        there_row, there_column = divmod(match, columns)
        here = picture[top[row] : top[row + 1], left[column] : left[column + 1]]
        # Cells differ by a pixel where the grid does not divide the face; a clipped index fills the last line.
        ys = (top[there_row] + np.arange(here.shape[0])).clip(max=height - 1)
        xs = (left[there_column] + np.arange(here.shape[1])).clip(max=width - 1)
        here[:] = gallery_face[np.ix_(ys, xs)] * brightness[cell]
    return picture
