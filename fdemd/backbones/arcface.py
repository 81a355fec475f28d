"""The paper's ArcFace: a ResNet-18 on grey faces (ronghuaiyang/arcface-pytorch, ``resnet_face18`` without SE)."""

from __future__ import annotations

from torch import Tensor, nn

from fdemd.backbones.convnet import ConvNet, grid_features
from fdemd.checkpoints import read_card
from fdemd.errors import unknown
from fdemd.features import Features

_GRIDS = (8, 4, 16)


class _Block(nn.Module):
    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels_in, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.prelu = nn.PReLU()
        self.conv2 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = nn.Sequential()
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.prelu(self.bn1(self.conv1(self.bn0(x))))
        return self.prelu(self.bn2(self.conv2(y)) + self.downsample(x))


def _layer(channels_in: int, channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(_Block(channels_in, channels, stride), _Block(channels, channels, 1))


class ArcFace(ConvNet):
    """ArcFace ResNet-18 of DeepFace-EMD: 512-d embedding of grey faces of 128x128 pixels.

    Patches are ``8x8x512``, their 2x2 means ``4x4x512``, or ``16x16x256``: they are the input of the last linear layer
    (of the third stage for 16x16); they are signed.
    """

    shares = "model.grid=8"

    def __init__(self, checkpoint: str | None = None, grid: int = 8) -> None:
        """Build the network and read its weights.

        Args:
            checkpoint: Path of a weight file; None takes the file of the model card, ``random`` none.
            grid: Number of rows and of columns of the patch grid: 8, 4 or 16.

        Raises:
            InputError: There is no such grid, or the weights cannot be used.
        """
        if grid not in _GRIDS:
            raise unknown("grid of arcface", grid, map(str, _GRIDS))
        super().__init__(read_card("arcface_resnet18"))
        self._grid = grid
        self.conv1 = nn.Conv2d(1, 64, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU()
        self.maxpool = nn.MaxPool2d(2)
        self.layer1 = _layer(64, 64, 1)
        self.layer2 = _layer(64, 128, 2)
        self.layer3 = _layer(128, 256, 2)
        self.layer4 = _layer(256, 512, 2)
        self.bn4 = nn.BatchNorm2d(512)
        self.dropout = nn.Dropout()
        self.fc5 = nn.Linear(512 * 8 * 8, 512)
        self.bn5 = nn.BatchNorm1d(512)
        self.read(checkpoint)

    def normalised(self, faces: Tensor) -> Tensor:
        """Return the luma of ITU-R BT.601, as ``cv2`` and Pillow convert to grey, then the card's mean and scale."""
        red, green, blue = faces.split(1, dim=1)
        return super().normalised(0.299 * red + 0.587 * green + 0.114 * blue)

    def extract(self, inputs: Tensor) -> Features:
        """Return the features of normalised faces, see :meth:`ConvNet.extract`."""
        x = self.maxpool(self.prelu(self.bn1(self.conv1(inputs))))
        third = self.layer3(self.layer2(self.layer1(x)))
        last = self.dropout(self.bn4(self.layer4(third)))
        embedding = self.bn5(self.fc5(last.flatten(1)))
        if self._grid == 16:
            return grid_features(embedding, third)
        return grid_features(embedding, last).pooled((self._grid, self._grid))

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`Backbone`."""
        return self.bn5(self.fc5(patch_map.flatten(1))) if self._grid == 8 else super().embed_map(patch_map)
