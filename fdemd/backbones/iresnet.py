"""Improved ResNets of InsightFace (``recognition/arcface_torch/backbones/iresnet.py``), depth 18, 34, 50 and 100."""

from __future__ import annotations

from torch import Tensor, nn

from fdemd.backbones.convnet import ConvNet, grid_features
from fdemd.checkpoints import read_card
from fdemd.errors import unknown
from fdemd.features import Features

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3)}
"""Blocks of each of the four layers, by depth."""


class _Block(nn.Module):
    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.prelu = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self.downsample = nn.Sequential()
        if stride != 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        return self.bn3(self.conv2(y)) + self.downsample(x)


def _layer(channels_in: int, channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(_Block(channels_in, channels, 2), *(_Block(channels, channels, 1) for _ in range(blocks - 1)))


class IResNet(ConvNet):
    """IResNet: 512-d embedding of faces of 112x112 pixels.

    Patches are ``7x7x512``, the input of the last linear layer, signed.
    """

    def __init__(self, checkpoint: str | None = None, depth: int = 50) -> None:
        """Build the network and read its weights.

        Args:
            checkpoint: Path of a weight file; None takes the file of the model card, ``random`` none.
            depth: Number of layers: 18, 34, 50 or 100.

        Raises:
            InputError: There is no such depth, or the weights cannot be used.
        """
        if depth not in _BLOCKS:
            raise unknown("depth of iresnet", depth, map(str, _BLOCKS))
        super().__init__(read_card(f"iresnet{depth}"))
        first, second, third, fourth = _BLOCKS[depth]
        self.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        self.layer1 = _layer(64, 64, first)
        self.layer2 = _layer(64, 128, second)
        self.layer3 = _layer(128, 256, third)
        self.layer4 = _layer(256, 512, fourth)
        self.bn2 = nn.BatchNorm2d(512)
        self.fc = nn.Linear(512 * 7 * 7, 512)
        self.features = nn.BatchNorm1d(512)
        # InsightFace keeps the embedding's scale at 1: its losses normalise the embedding anyway.
        self.features.weight.requires_grad_(False)
        self.read(checkpoint)

    def extract(self, inputs: Tensor) -> Features:
        """Return the features of normalised faces, see :meth:`ConvNet.extract`."""
        x = self.prelu(self.bn1(self.conv1(inputs)))
        last = self.bn2(self.layer4(self.layer3(self.layer2(self.layer1(x)))))
        return grid_features(self.embed_map(last), last)

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`Backbone`."""
        return self.features(self.fc(patch_map.flatten(1)))
