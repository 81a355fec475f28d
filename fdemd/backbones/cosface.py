"""The paper's CosFace: the 20-layer SphereFace network, no batch norm (MuggleWang/CosFace_pytorch, ``sphere(20)``)."""

from __future__ import annotations

from torch import Tensor, nn

from fdemd.backbones.convnet import ConvNet, grid_features
from fdemd.checkpoints import read_card
from fdemd.errors import unknown
from fdemd.features import Features

_GRIDS = {7: (7, 6), 4: (4, 4)}


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.prelu1 = nn.PReLU(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.prelu2 = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.prelu2(self.conv2(self.prelu1(self.conv1(x))))


def _layer(channels_in: int, channels: int, blocks: int) -> nn.Sequential:
    halved = (nn.Conv2d(channels_in, channels, 3, stride=2, padding=1), nn.PReLU(channels))
    return nn.Sequential(*halved, *(_Block(channels) for _ in range(blocks)))


class CosFace(ConvNet):
    """CosFace of DeepFace-EMD: 512-d embedding of faces of 112x96 pixels (height x width).

    Patches are ``7x6x512`` or their overlapping means ``4x4x512``, signed.
    """

    shares = "model.grid=7"

    def __init__(self, checkpoint: str | None = None, grid: int = 7) -> None:
        """Build the network and read its weights.

        Args:
            checkpoint: Path of a weight file; None takes the file of the model card, ``random`` none.
            grid: Number of rows of the patch grid: 7 (by 6 columns) or 4 (by 4 columns).

        Raises:
            InputError: There is no such grid, or the weights cannot be used.
        """
        if grid not in _GRIDS:
            raise unknown("grid of cosface", grid, map(str, _GRIDS))
        super().__init__(read_card("cosface_sphere20"))
        self._grid = _GRIDS[grid]
        self.layer1 = _layer(3, 64, 1)
        self.layer2 = _layer(64, 128, 2)
        self.layer3 = _layer(128, 256, 4)
        self.layer4 = _layer(256, 512, 1)
        self.fc = nn.Linear(512 * 7 * 6, 512)
        self.read(checkpoint)

    def extract(self, inputs: Tensor) -> Features:
        """Return the features of normalised faces, see :meth:`ConvNet.extract`."""
        last = self.layer4(self.layer3(self.layer2(self.layer1(inputs))))
        return grid_features(self.fc(last.flatten(1)), last).pooled(self._grid)

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`Backbone`."""
        return self.fc(patch_map.flatten(1)) if self._grid == (7, 6) else super().embed_map(patch_map)
