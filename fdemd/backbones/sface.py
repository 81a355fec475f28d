"""SFace as OpenCV's zoo publishes it: a MobileNet (Howard et al., 2017) with PReLUs and a linear layer over its map.

Zhong et al., "SFace: Sigmoid-constrained hypersphere loss for robust face recognition", IEEE TIP 2021
(github.com/zhongyy/SFace). The zoo's file, ``face_recognition_sface_2021dec``, comes in several precisions; that of the
card has its weights in blocks of 64 integers with a scale each.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn
from torch.nn.functional import conv2d

from fdemd.backbones.convnet import ConvNet, grid_features
from fdemd.backbones.onnx_graph import read_graph
from fdemd.backbones.onnx_layers import copy_layers
from fdemd.checkpoints import read_card
from fdemd.checkpoints.kinds import ONNX, kind_of
from fdemd.errors import unknown
from fdemd.features import Features

_STAGES = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2))
"""(channels, stride) of each pair of a depthwise and a pointwise convolution but the last."""
_LAST, _EARLIER = "last", "earlier"


class _Unit(nn.Module):
    """Convolution, batch norm and PReLU; the first two are one convolution in evaluation, a quarter faster.

    Its weights are computed for each batch anew, which costs little, so that a change of weights counts at once and
    gradients reach all of them.
    """

    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(channels, eps=1e-3)
        self.prelu = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return self.prelu(self.bn(self.conv(x)))
        mean, variance = self.bn.running_mean, self.bn.running_var
        assert mean is not None and variance is not None
        gain = self.bn.weight * (variance + self.bn.eps).rsqrt()
        weight, bias = self.conv.weight * gain.view(-1, 1, 1, 1), self.bn.bias - mean * gain
        return self.prelu(conv2d(x, weight, bias, self.conv.stride, self.conv.padding, groups=self.conv.groups))


class SFace(ConvNet):
    """SFace: 128-d embedding of faces of 112x112 pixels.

    Patches are ``7x7x1024``: the input of the last linear layer, signed, or the map before the last convolution.
    """

    shares = "model.patches=last"

    def __init__(self, checkpoint: str | None = None, patches: str = _LAST) -> None:
        """Build the network and read its weights.

        Args:
            checkpoint: Path of an ONNX file of the same network or, once it was finetuned here, a checkpoint of
                train.py; None takes the installed file, ``random`` none.
            patches: ``last``, the map that the embedding is linear in, or ``earlier``, the one before the last
                convolution.

        Raises:
            InputError: There are no such patches, or the weights cannot be used.
        """
        if patches not in (_LAST, _EARLIER):
            raise unknown("patches of sface", patches, (_LAST, _EARLIER))
        super().__init__(read_card("sface"))
        self._patches = patches
        channels_in, units = 32, [_Unit(3, 32, 3)]
        for channels, stride in _STAGES:
            units += [_Unit(channels_in, channels_in, 3, stride, channels_in), _Unit(channels_in, channels, 1)]
            channels_in = channels
        self.trunk = nn.Sequential(*units, _Unit(1024, 1024, 3, groups=1024))
        self.last = _Unit(1024, 1024, 1)
        self.bn1 = nn.BatchNorm2d(1024, eps=2e-5)
        self.dropout = nn.Dropout(0.4)
        self.pre_fc1 = nn.Linear(1024 * 7 * 7, 128)
        self.fc1 = nn.BatchNorm1d(128, eps=2e-5)
        self.read(checkpoint)

    def extract(self, inputs: Tensor) -> Features:
        """Return the features of normalised faces, see :meth:`ConvNet.extract`."""
        earlier = self.trunk(inputs)
        last = self.dropout(self.bn1(self.last(earlier)))
        embedding = self.fc1(self.pre_fc1(last.flatten(1)))
        return grid_features(embedding, last if self._patches == _LAST else earlier)

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`Backbone`."""
        if self._patches != _LAST:
            return super().embed_map(patch_map)
        return self.fc1(self.pre_fc1(patch_map.flatten(1)))

    def load(self, path: Path, unused: Sequence[str]) -> None:
        """Copy the weights of a file, see :meth:`ConvNet.load`; ONNX files are read as well."""
        if kind_of(path) != ONNX:
            return super().load(path, unused)
        first = {"Sub": self.mean.item(), "Mul": 1 / self.scale.item()}
        return copy_layers(read_graph(path), self, first)
