"""Any network of the timm library (Ross Wightman, https://github.com/huggingface/pytorch-image-models)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fdemd.backbones.backbone import Backbone
from fdemd.backbones.convnet import RANDOM
from fdemd.backbones.timm_trunk import TIMM_ERRORS, cached_weights, pretrained_trunk, unfit, untrained_trunk
from fdemd.checkpoints import sha256_of
from fdemd.checkpoints.files import own_file
from fdemd.checkpoints.weights import load_weights, read_weights
from fdemd.errors import InputError, unknown
from fdemd.features import Features

PRETRAINED = "pretrained"
"""As ``checkpoint``: timm's own weights."""


def _pool(channels: int, patches: int, embedding: int) -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten())


def _linear(channels: int, patches: int, embedding: int) -> nn.Module:
    return nn.Sequential(
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(channels, embedding), nn.BatchNorm1d(embedding)
    )


def _flatten(channels: int, patches: int, embedding: int) -> nn.Module:
    return nn.Sequential(
        nn.BatchNorm1d(channels), nn.Flatten(), nn.Linear(channels * patches, embedding), nn.BatchNorm1d(embedding)
    )


HEADS: dict[str, Callable[[int, int, int], nn.Module]] = {"pool": _pool, "linear": _linear, "flatten": _flatten}
"""Name -> head for ``(channels, patches, embedding)``: takes maps ``(B, channels, patches)``, gives ``(B, D)``."""


class TimmBackbone(Backbone):
    """A CNN or vision transformer of timm with an embedding head.

    The patches are the network's last feature map, or its tokens without those that stand for no place (class
    token, registers). Layers that come after them take no part and are frozen, so that training on several devices
    does not wait for their gradients. Input is normalised as timm's own weights of the network want it.

    Parameters are called ``trunk.*`` (as timm names them) and ``head.*``.
    """

    trunk: Any  # what timm's networks share is a convention, not a type
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str,
        checkpoint: str = "random",
        head: str = "linear",
        embedding: int = 512,
        face_size: Sequence[int] | None = None,
        alignment: str = "insightface",
    ) -> None:
        """Build the network and read its weights.

        Args:
            name: Name of the network in timm, with or without the tag of its weights.
            checkpoint: ``random`` (timm's initialisation, drawn from PyTorch's global generator), ``pretrained``
                (timm's weights, from its download cache) or the path of a weight file, either of a whole TimmBackbone
                or, with timm's names, of the trunk alone. A head that no file gives keeps PyTorch's initialisation.
            head: Embedding head: ``pool`` (mean of the patches), ``linear`` (Linear-BN on that mean) or ``flatten``
                (BN-Linear-BN on all patches, as in ArcFace).
            embedding: Length of the embedding; ``pool`` ignores it and gives one number a channel.
            face_size: ``(height, width)`` in pixels; None takes the size that timm's weights were trained with.
            alignment: A name in :data:`fdemd.faces.alignment.TEMPLATES`.

        Raises:
            InputError: There is no such network or head, the network cannot take the size or gives no patches, or the
                weights are missing, damaged or of another network.
        """
        from timm.data import resolve_model_data_config

        super().__init__()
        if head not in HEADS:
            raise unknown("head", head, HEADS)
        self.name, self.alignment = name, alignment
        if checkpoint == PRETRAINED:
            path = cached_weights(name)
            self.trunk = pretrained_trunk(name, face_size, path)
        else:
            path = Path(checkpoint) if checkpoint == RANDOM else own_file(checkpoint)
            self.trunk = untrained_trunk(name, face_size)
        data = resolve_model_data_config(self.trunk)
        height, width = face_size or data["input_size"][1:]
        self.face_size = (height, width)
        self.register_buffer("mean", torch.tensor(data["mean"]).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(data["std"]).view(3, 1, 1), persistent=False)
        patches, channels = self._freeze_unused()
        self.head = HEADS[head](channels, patches, embedding)
        if checkpoint not in (RANDOM, PRETRAINED):
            self._read(path)
        self.weights_sha256 = RANDOM if checkpoint == RANDOM else sha256_of(path)
        self.to(memory_format=torch.channels_last)

    def forward(self, faces: Tensor) -> Features:
        """Compute the features of ``faces (B, 3, H, W)``, float32 RGB in [0, 1]; some networks take any H and W."""
        patches, grid = self._patches(faces)
        return Features(self.head(patches.mT), patches, grid)

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`fdemd.backbones.backbone.Backbone`."""
        return self.head(patch_map.flatten(2))

    def _patches(self, faces: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Return patches ``(B, N, C)`` and their grid."""
        x = ((faces - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        found = self.trunk.forward_features(x)
        channels = self.trunk.num_features
        if isinstance(found, Tensor) and found.ndim == 4 and channels in (found.shape[1], found.shape[3]):
            maps = found.permute(0, 2, 3, 1) if found.shape[1] == channels else found  # Swin has the channels last
            return maps.flatten(1, 2).contiguous(), (maps.shape[1], maps.shape[2])
        if isinstance(found, Tensor) and found.ndim == 3:
            tokens = found[:, getattr(self.trunk, "num_prefix_tokens", 0) :]
            rows = round((tokens.shape[1] * faces.shape[2] / faces.shape[3]) ** 0.5)  # patches are square
            columns = tokens.shape[1] // max(rows, 1)
            if rows * columns == tokens.shape[1]:
                return tokens.contiguous(), (rows, columns)
        described = "x".join(map(str, found.shape)) if isinstance(found, Tensor) else type(found).__name__
        raise InputError(
            f"The timm model {self.name} has no grid of patches: its features for faces of "
            f"{faces.shape[2]}x{faces.shape[3]} pixels are {described}; choose another model.name."
        )

    def _read(self, path: Path) -> None:
        """Read a file of this whole network, or one of the trunk, with whatever classifier timm trained it with."""
        weights = read_weights(path)
        if any(key.startswith("trunk.") or ".trunk." in key for key in weights):
            load_weights(self, weights, path)
            return
        classifiers = self.trunk.pretrained_cfg.get("classifier") or ()
        names = [classifiers] if isinstance(classifiers, str) else classifiers
        load_weights(self.trunk, weights, path, unused=[f"{name}." for name in names])

    @torch.enable_grad()
    def _freeze_unused(self) -> tuple[int, int]:
        """Freeze what the patches do not depend on; return the number of patches and of their channels."""
        self.trunk.eval()
        try:
            patches, _ = self._patches(torch.zeros(1, 3, *self.face_size))
        except InputError:
            raise
        except TIMM_ERRORS as error:
            raise unfit(self.name, self.face_size, error) from error
        patches.sum().backward()
        for parameter in self.trunk.parameters():
            parameter.requires_grad_(parameter.grad is not None)
        self.trunk.zero_grad()
        self.trunk.train()
        return patches.shape[1], patches.shape[2]
