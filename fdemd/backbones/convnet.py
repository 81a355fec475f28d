"""The base of the convolutional networks in plain PyTorch: everything around their layers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from fdemd.backbones.backbone import Backbone
from fdemd.checkpoints import Card, sha256_of, weights_file
from fdemd.checkpoints.weights import load_weights, read_weights
from fdemd.features import Features

RANDOM = "random"
"""As ``checkpoint``: start from PyTorch's own initialisation instead of a file."""


class ConvNet(Backbone):
    """A network whose input is described by a model card and whose weights come from a file.

    A subclass builds its layers under the names of the published weights, then calls :meth:`read`.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, card: Card) -> None:
        """Take the face size, alignment, mean and scale (both in grey levels, 0 to 255) from a model card."""
        super().__init__()
        self._card = card
        height, width = card.facts["input_size"]
        self.face_size = (height, width)
        self.alignment = card.facts["alignment"]
        self.set_range(card.facts["mean"], card.facts["scale"])

    def forward(self, faces: Tensor) -> Features:
        """See :class:`fdemd.backbones.backbone.Backbone`."""
        return self.extract(self.normalised(faces))

    def normalised(self, faces: Tensor) -> Tensor:
        """Return the input of the first layer: ``(faces * 255 - mean) / scale``, channels last in memory."""
        return ((faces * 255 - self.mean) / self.scale).contiguous(memory_format=torch.channels_last)

    @abstractmethod
    def extract(self, inputs: Tensor) -> Features:
        """Return the features of normalised faces ``(B, channels, H, W)``."""

    def set_range(self, mean: float | Sequence[float], scale: float | Sequence[float]) -> None:
        """Set the normalisation in grey levels (0 to 255), one number for all channels or one a channel."""
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(scale).view(-1, 1, 1), persistent=False)

    def read(self, checkpoint: str | None, *, unused: Sequence[str] = ()) -> None:
        """Read the weights and lay them out for speed.

        Args:
            checkpoint: Path of a weight file; None takes the file of the model card; :data:`RANDOM` keeps PyTorch's
                initialisation, drawn from its global generator.
            unused: Beginnings of keys that a file may hold although the network has no such layer.

        Raises:
            InputError: The file is missing, damaged or of another network.
        """
        if checkpoint == RANDOM:
            self.weights_sha256 = RANDOM
        else:
            path = weights_file(self._card, checkpoint)
            self.load(path, unused)
            self.weights_sha256 = sha256_of(path)
        self.to(memory_format=torch.channels_last)

    def load(self, path: Path, unused: Sequence[str]) -> None:
        """Copy the weights of a file; a network whose published file is of another kind reads it here.

        Raises:
            InputError: The file is damaged or of another network.
        """
        load_weights(self, read_weights(path), path, unused=unused)


def grid_features(embedding: Tensor, patch_map: Tensor) -> Features:
    """Return the features made of an embedding ``(B, D)`` and a map ``(B, C, rows, columns)`` of patches."""
    rows, columns = patch_map.shape[2:]
    return Features(embedding, patch_map.permute(0, 2, 3, 1).flatten(1, 2).contiguous(), (rows, columns))
