"""dlib's metric network (Davis King, 2017): a ResNet with 29 convolutions, ported to PyTorch.

Architecture: dlib's ``dnn_face_recognition_ex.cpp``. A convolution with stride 2 has no padding, a down-sampling
block's shortcut is a 2x2 average pool, and a sum zero-pads the smaller map in height, width and channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fdemd.backbones.backbone import Backbone
from fdemd.backbones.dlib_dat import Layer, read_layers
from fdemd.checkpoints import read_card, sha256_of, weights_file
from fdemd.checkpoints.kinds import DLIB, refuse_others
from fdemd.checkpoints.weights import is_tensor_file, load_weights, read_weights
from fdemd.errors import InputError, unknown
from fdemd.features import Features

_STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
"""(channels, blocks, whether the first block halves the map) of each group of residual blocks."""
_GROUP_OF_GRID = {8: 2, 4: 3, 2: 4}


class _Block(nn.Module):
    def __init__(self, channels_in: int, channels: int, down: bool) -> None:
        super().__init__()
        self.down = down
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=2 if down else 1, padding=0 if down else 1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = F.avg_pool2d(x, 2) if self.down else x
        return _padded_sum(shortcut, self.conv2(self.conv1(x).relu())).relu()


def _padded_sum(a: Tensor, b: Tensor) -> Tensor:
    channels, height, width = (max(sizes) for sizes in zip(a.shape[1:], b.shape[1:], strict=True))

    def pad(x: Tensor) -> Tensor:
        return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2], 0, channels - x.shape[1]))

    return pad(a) + pad(b)


class DlibNet(Backbone):
    """The default backbone: 128-d embedding of faces of 150x150 pixels.

    Patches are ``8x8x128``, ``4x4x256`` or ``2x2x256``, after a ReLU.
    """

    mean: Tensor
    face_size = (150, 150)
    alignment = "dlib"
    shares = "model.grid=2"

    def __init__(self, checkpoint: str | None = None, grid: int = 8) -> None:
        """Build the network and read its weights.

        Args:
            checkpoint: Path of a ``.dat`` file of the same network or, once it was finetuned here, a checkpoint of
                train.py; None takes the installed file.
            grid: Number of rows and of columns of the patch grid: 8, 4 or 2.

        Raises:
            InputError: There is no such grid, or the file is missing, cut short, of another network or holds NaN or
                Inf.
        """
        super().__init__()
        if grid not in _GROUP_OF_GRID:
            raise unknown("grid of the dlib network", grid, map(str, _GROUP_OF_GRID))
        self._patch_group = _GROUP_OF_GRID[grid]
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        channels_in, groups = 32, []
        for channels, blocks, down in _STAGES:
            groups.append(
                nn.Sequential(
                    *(_Block(channels if i else channels_in, channels, down and i == 0) for i in range(blocks))
                )
            )
            channels_in = channels
        self.groups = nn.ModuleList(groups)
        self.fc = nn.Linear(256, 128, bias=False)
        card = read_card("dlib")
        self.register_buffer("mean", torch.tensor(card.facts["mean"]).view(3, 1, 1), persistent=False)
        self.scale = float(card.facts["scale"])
        path = weights_file(card, checkpoint)
        if is_tensor_file(path):
            load_weights(self, read_weights(path), path)
        else:
            refuse_others(path, DLIB)
            self._load(path)
        self.weights_sha256 = sha256_of(path)
        self.to(memory_format=torch.channels_last)

    def forward(self, faces: Tensor) -> Features:
        """See :class:`fdemd.backbones.backbone.Backbone`."""
        x = (faces * 255 - self.mean) / self.scale
        x = F.max_pool2d(self.stem(x.contiguous(memory_format=torch.channels_last)).relu(), 3, stride=2)
        for number, group in enumerate(self.groups):
            x = group(x)
            if number == self._patch_group:
                patches = x
        rows, columns = patches.shape[2:]
        return Features(self.fc(x.mean((2, 3))), patches.flatten(2).mT.contiguous(), (rows, columns))

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`fdemd.backbones.backbone.Backbone`."""
        last = self._patch_group == len(_STAGES) - 1
        return self.fc(patch_map.mean((2, 3))) if last else super().embed_map(patch_map)

    def _load(self, path: Path) -> None:
        """Copy the file's layers into the modules; each affine layer is folded into the convolution before it."""
        layers = read_layers(path)
        convolutions = [module for module in self.modules() if isinstance(module, nn.Conv2d)]
        expected = 2 * len(convolutions) + 1
        if len(layers) != expected:
            raise InputError(
                f"{path} is not dlib's face recognition network: it has {len(layers)} layers with weights, "
                f"expected {expected}."
            )
        remaining = iter(layers)
        with torch.no_grad():
            for convolution in convolutions:
                assert convolution.bias is not None
                filters, out = convolution.weight.numel(), convolution.out_channels
                weight, bias = _take(remaining, path, "con_4", filters, out)
                gamma, beta = _take(remaining, path, "affine_", out, out)
                convolution.weight.copy_(weight.view_as(convolution.weight) * gamma.view(-1, 1, 1, 1))
                convolution.bias.copy_(bias * gamma + beta)
            (matrix,) = _take(remaining, path, "fc_2", self.fc.weight.numel())
            self.fc.weight.copy_(matrix.view(256, 128).T)


def _take(layers: Iterator[Layer], path: Path, tag: str, *sizes: int) -> tuple[Tensor, ...]:
    """The next layer's parameters, cut into ``sizes``; refuses another layer, another size, NaN and Inf."""
    layer = next(layers)
    if layer.tag != tag or len(layer.values) != sum(sizes):
        raise InputError(
            f"{path} is not dlib's face recognition network: found a layer {layer.tag} with {len(layer.values)} "
            f"weights where {tag} with {sum(sizes)} belongs."
        )
    if not layer.values.isfinite().all():
        raise InputError(f"{path} holds a weight that is not a finite number, in a layer {tag}.")
    return layer.values.split(sizes)
