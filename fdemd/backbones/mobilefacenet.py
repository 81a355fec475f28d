"""MobileFaceNet (Chen et al., 2018) as two authors published it: github.com/foamliu and github.com/Xiaoccer.

The layers are the same; the activations, the last layers, the input and the names of the weights differ.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from torch import Tensor, nn

from fdemd.backbones.convnet import ConvNet, grid_features
from fdemd.checkpoints import read_card
from fdemd.errors import unknown
from fdemd.features import Features

_BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""(expansion, channels, blocks, stride of the first) of each group, paper Table 1."""


class _Bottleneck(nn.Module):
    def __init__(self, conv: nn.Sequential, *, residual: bool) -> None:
        super().__init__()
        self.conv = conv
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


def _conv_bn(channels_in: int, channels: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(channels)]


def _bottlenecks(conv: Callable[[int, int, int, int], nn.Sequential]) -> Iterator[_Bottleneck]:
    """Return all blocks; ``conv(channels_in, expanded, channels, stride)`` builds the layers of one."""
    channels_in = 64
    for expansion, channels, blocks, first_stride in _BOTTLENECKS:
        for number in range(blocks):
            stride = first_stride if number == 0 else 1
            layers = conv(channels_in, expansion * channels_in, channels, stride)
            yield _Bottleneck(layers, residual=stride == 1 and channels_in == channels)
            channels_in = channels


class FoamliuNet(ConvNet):
    """MobileFaceNet of foamliu: 128-d embedding of faces of 112x112 pixels.

    Patches are ``7x7x512``, before the depthwise head and after a ReLU6.
    """

    def __init__(self, checkpoint: str | None = None) -> None:
        super().__init__(read_card("mobilefacenet_foamliu"))
        self.conv1 = nn.Sequential(*_conv_bn(3, 64, 3, stride=2), nn.ReLU6())
        self.dw_conv = nn.Sequential(
            OrderedDict(
                depthwise=nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False),
                bn1=nn.BatchNorm2d(64),
                relu1=nn.ReLU(),
                pointwise=nn.Conv2d(64, 64, 1, bias=False),
                bn2=nn.BatchNorm2d(64),
                relu2=nn.ReLU(),
            )
        )
        self.features = nn.Sequential(*_bottlenecks(self._bottleneck))
        self.conv2 = nn.Sequential(*_conv_bn(128, 512), nn.ReLU6())
        self.gdconv = nn.Sequential(
            OrderedDict(depthwise=nn.Conv2d(512, 512, 7, groups=512, bias=False), bn=nn.BatchNorm2d(512))
        )
        self.conv3 = nn.Conv2d(512, 128, 1)
        self.bn = nn.BatchNorm2d(128)
        self.read(checkpoint)

    @staticmethod
    def _bottleneck(channels_in: int, expanded: int, channels: int, stride: int) -> nn.Sequential:
        expand = nn.Sequential(*_conv_bn(channels_in, expanded), nn.ReLU6())
        depthwise = nn.Sequential(*_conv_bn(expanded, expanded, 3, stride, groups=expanded), nn.ReLU6())
        return nn.Sequential(expand, depthwise, *_conv_bn(expanded, channels))

    def extract(self, inputs: Tensor) -> Features:
        """Return the features of normalised faces, see :meth:`ConvNet.extract`."""
        last = self.conv2(self.features(self.dw_conv(self.conv1(inputs))))
        return grid_features(self.embed_map(last), last)

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`Backbone`."""
        return self.bn(self.conv3(self.gdconv(patch_map))).flatten(1)


class _Unit(nn.Module):
    """Convolution, batch norm and, unless linear, a PReLU."""

    def __init__(self, convolution: nn.Conv2d, *, linear: bool = False) -> None:
        super().__init__()
        self.conv = convolution
        self.bn = nn.BatchNorm2d(convolution.out_channels)
        self.prelu = nn.Identity() if linear else nn.PReLU(convolution.out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.prelu(self.bn(self.conv(x)))


class XiaoccerNet(ConvNet):
    """MobileFaceNet of Xiaoccer: 128-d embedding of faces of 112x96 pixels (height x width).

    Patches are ``7x6x512``, before the depthwise head and after a PReLU, signed.
    """

    def __init__(self, checkpoint: str | None = None) -> None:
        super().__init__(read_card("mobilefacenet_xiaoccer"))
        self.conv1 = _Unit(nn.Conv2d(3, 64, 3, stride=2, padding=1, bias=False))
        self.dw_conv1 = _Unit(nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False))
        self.blocks = nn.Sequential(*_bottlenecks(self._bottleneck))
        self.conv2 = _Unit(nn.Conv2d(128, 512, 1, bias=False))
        self.linear7 = _Unit(nn.Conv2d(512, 512, (7, 6), groups=512, bias=False), linear=True)
        self.linear1 = _Unit(nn.Conv2d(512, 128, 1, bias=False), linear=True)
        self.read(checkpoint)

    @staticmethod
    def _bottleneck(channels_in: int, expanded: int, channels: int, stride: int) -> nn.Sequential:
        expand = (*_conv_bn(channels_in, expanded), nn.PReLU(expanded))
        depthwise = (*_conv_bn(expanded, expanded, 3, stride, groups=expanded), nn.PReLU(expanded))
        return nn.Sequential(*expand, *depthwise, *_conv_bn(expanded, channels))

    def extract(self, inputs: Tensor) -> Features:
        """Return the features of normalised faces, see :meth:`ConvNet.extract`."""
        last = self.conv2(self.blocks(self.dw_conv1(self.conv1(inputs))))
        return grid_features(self.embed_map(last), last)

    def embed_map(self, patch_map: Tensor) -> Tensor:
        """See :class:`Backbone`."""
        return self.linear1(self.linear7(patch_map)).flatten(1)


_VARIANTS: dict[str, type[FoamliuNet] | type[XiaoccerNet]] = {"foamliu": FoamliuNet, "xiaoccer": XiaoccerNet}


def mobilefacenet(checkpoint: str | None = None, variant: str = "foamliu") -> ConvNet:
    """Build a MobileFaceNet and read its weights.

    Args:
        checkpoint: Path of a weight file; None takes the file of the model card, ``random`` none.
        variant: Author of the network, ``foamliu`` or ``xiaoccer``.

    Raises:
        InputError: There is no such variant, or the weights cannot be used.
    """
    if variant not in _VARIANTS:
        raise unknown("variant of mobilefacenet", variant, _VARIANTS)
    return _VARIANTS[variant](checkpoint)
