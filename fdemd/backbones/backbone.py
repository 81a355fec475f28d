"""What every face network promises."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from fdemd.errors import InputError
from fdemd.features import Features


class Backbone(nn.Module, ABC):
    """Turns aligned faces into an embedding and a grid of patches.

    Each backbone owns its size, colour conversion and normalisation; nobody else normalises.

    Attributes:
        face_size: ``(height, width)`` of the faces it takes, in pixels.
        alignment: name of the alignment it was trained with, see :mod:`fdemd.faces.alignment`.
        weights_sha256: of the weight file it was read from; names the network in results.
        differentiable: whether gradients flow from what it says back to the faces.
        shares: settings with which its patches are the map that its embedding is computed from; empty if none are.
    """

    face_size: tuple[int, int]
    alignment: str
    weights_sha256: str
    differentiable: bool = True
    shares: str = ""

    @abstractmethod
    def forward(self, faces: Tensor) -> Features:
        """Features of ``faces (B, 3, H, W)``, float32 RGB in [0, 1], aligned."""

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """Embedding ``(B, D)`` of patches as a map ``(B, C, rows, columns)``, before it is brought to unit length.

        Raises:
            InputError: the patches are not the map that the embedding is computed from.
        """
        instead = f"{self.shares} or " if self.shares else ""
        raise InputError(
            "This network's patches are not the map that its embedding is computed from, so they have no share in it; "
            f"use {instead}rerank.patches=raw."
        )

    def fingerprint(self) -> str:
        """Digest of what the network computes with: its class, its weight file, every parameter and every constant.

        Networks with random weights, or with one file and two normalisations, are told apart.
        """
        digest = hashlib.sha256(f"{type(self).__name__}/{self.weights_sha256}/{self.alignment}".encode())
        for name, value in [*self.named_parameters(), *self.named_buffers()]:
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return digest.hexdigest()
