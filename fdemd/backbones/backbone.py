"""What every face network promises."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from fdemd.features import Features


class Backbone(nn.Module, ABC):
    """Turns aligned faces into an embedding and a grid of patches.

    Each backbone owns its size, colour conversion and normalisation; nobody else normalises.

    Attributes:
        face_size: ``(height, width)`` of the faces it takes, in pixels.
        alignment: name of the alignment it was trained with, see :mod:`fdemd.faces.alignment`.
        weights_sha256: of the weight file it was read from; names the network in results.
    """

    face_size: tuple[int, int]
    alignment: str
    weights_sha256: str

    @abstractmethod
    def forward(self, faces: Tensor) -> Features:
        """Features of ``faces (B, 3, H, W)``, float32 RGB in [0, 1], aligned."""
