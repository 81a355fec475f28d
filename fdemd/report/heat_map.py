"""Numbers of patches as colours over a face (Fig. 3 of DeepFace-EMD, Phan and Nguyen, CVPR 2022)."""

from __future__ import annotations

import matplotlib
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

COLOURS = "turbo"
_EQUAL = 1e-5
"""Values that differ by less than this share of the largest are equal: what floats make of 1 / N."""


def scaled(values: Tensor) -> Tensor:
    """Return values ``(N,)`` brought to [0, 1] by their least and most; 0.5 each if all are equal.

    >>> scaled(torch.tensor([1.0, 2.0, 3.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    low, high = values.min(), values.max()
    if high - low <= _EQUAL * values.abs().max():
        return torch.full_like(values, 0.5)
    return (values - low) / (high - low)


def heat_map(face: np.ndarray, values: Tensor, grid: tuple[int, int]) -> np.ndarray:
    """Return the face in grey under the colours of its patches.

    Values are enlarged bilinearly, so that the centre of a cell has its own value.

    Args:
        face: ``(H, W, 3)`` uint8 RGB.
        values: ``(N,)`` numbers of the patches, row by row.
        grid: Rows and columns of the patches.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    height, width = face.shape[:2]
    cells = scaled(values.float()).view(1, 1, *grid)
    smooth = interpolate(cells, (height, width), mode="bilinear", align_corners=False)[0, 0].numpy()
    colours = matplotlib.colormaps[COLOURS](smooth)[..., :3] * 255
    return (0.5 * colours + 0.5 * face.mean(-1, keepdims=True)).round().astype(np.uint8)


def range_text(values: Tensor) -> str:
    """Return what the colours of a heat map go from and to."""
    low, high = float(values.min()), float(values.max())
    if high - low <= _EQUAL * float(values.abs().max()):
        return f"all {high:.4f}"
    return f"{low:.4f} to {high:.4f}"
