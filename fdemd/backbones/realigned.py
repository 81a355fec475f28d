"""A network that takes faces of another alignment than the one it was trained with."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fdemd.backbones.backbone import Backbone
from fdemd.features import Features


class Realigned(Backbone):
    """Transforms each face to the alignment of a network before embedding it; differentiable.

    What lies outside of the given picture becomes black, as around a photograph that ends close to a face.
    """

    grid: Tensor

    def __init__(self, backbone: Backbone, alignment: str, face_size: tuple[int, int], move: np.ndarray) -> None:
        """Wrap a network.

        Args:
            backbone: The network.
            alignment: Alignment of the faces that will be given.
            face_size: ``(height, width)`` of these faces in pixels.
            move: Similarity transform ``(2, 3)`` from their pixels to those of the network's faces, see
                :func:`fdemd.faces.alignment.template_transform`.
        """
        super().__init__()
        self.backbone = backbone
        self.alignment, self.face_size = alignment, face_size
        self.weights_sha256 = backbone.weights_sha256
        self.differentiable = backbone.differentiable
        self.register_buffer("grid", _sampling_grid(move, backbone.face_size, face_size), persistent=False)

    def forward(self, faces: Tensor) -> Features:
        """See :class:`fdemd.backbones.backbone.Backbone`."""
        grid = self.grid.expand(len(faces), -1, -1, -1)
        return self.backbone(F.grid_sample(faces, grid, mode="bilinear", padding_mode="zeros", align_corners=False))


def _sampling_grid(move: np.ndarray, size: tuple[int, int], given: tuple[int, int]) -> Tensor:
    """Return where each pixel of ``size`` comes from in a picture of size ``given``, ``(1, H, W, 2)`` in [-1, 1]."""
    columns, rows = np.meshgrid(np.arange(size[1]), np.arange(size[0]))
    pixels = np.stack([columns, rows], axis=-1) - move[:, 2]
    source = pixels @ np.linalg.inv(move[:, :2]).T
    centred = (2 * source + 1) / (given[1], given[0]) - 1
    return torch.from_numpy(centred.astype(np.float32))[None]
