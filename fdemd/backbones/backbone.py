"""The interface of every face network."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from fdemd.cache.code import code_key
from fdemd.errors import InputError
from fdemd.features import Features


class Backbone(nn.Module, ABC):
    """Face network: aligned faces to an embedding and a grid of patches.

    Each backbone owns its size, colour conversion and normalisation; nobody else normalises.

    Attributes:
        face_size: ``(height, width)`` in pixels of the faces that it takes.
        alignment: Name of the alignment that it was trained with, see :mod:`fdemd.faces.alignment`.
        weights_sha256: SHA-256 of its weight file, which identifies the network in results.
        differentiable: Whether gradients flow from the features back to the faces.
        shares: Settings with which its patches are the map that its embedding is computed from; empty if there are
            none.
    """

    face_size: tuple[int, int]
    alignment: str
    weights_sha256: str
    differentiable: bool = True
    shares: str = ""

    @abstractmethod
    def forward(self, faces: Tensor) -> Features:
        """Compute the features of aligned faces.

        Args:
            faces: Faces ``(B, 3, H, W)``, float32 RGB in [0, 1].
        """

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """Compute the embedding ``(B, D)`` of a map of patches ``(B, C, rows, columns)``, before any normalisation.

        Raises:
            InputError: The patches are not the map that the embedding is computed from.
        """
        instead = f"{self.shares} or " if self.shares else ""
        raise InputError(
            "This network's patches are not the map that its embedding is computed from, so they have no share in it; "
            f"use {instead}rerank.patches=raw."
        )

    def fingerprint(self) -> str:
        """Return a digest of what the network computes with: class, weight file, parameters and constants.

        It distinguishes networks with random weights, and networks with one file and two normalisations; of a network
        of another package also two versions of the file that defines it. Of fdemd's own code the
        name of the class counts.
        """
        digest = hashlib.sha256(f"{type(self).__name__}/{self.weights_sha256}/{self.alignment}".encode())
        for network in self.modules():
            if isinstance(network, Backbone):
                digest.update("".join(code_key(type(network)).values()).encode())
        for name, value in [*self.named_parameters(), *self.named_buffers()]:
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return digest.hexdigest()
