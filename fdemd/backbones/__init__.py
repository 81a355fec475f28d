"""Face image -> :class:`~fdemd.features.Features`. A new network is one file here, one line below and one yaml."""

from collections.abc import Callable
from typing import Any

from fdemd.backbones.arcface import ArcFace
from fdemd.backbones.backbone import Backbone
from fdemd.backbones.convnet import RANDOM
from fdemd.backbones.cosface import CosFace
from fdemd.backbones.dlib import DlibNet
from fdemd.backbones.facenet import FaceNet
from fdemd.backbones.iresnet import IResNet
from fdemd.backbones.mobilefacenet import mobilefacenet
from fdemd.backbones.onnx import OnnxBackbone
from fdemd.backbones.soundness import check_sound
from fdemd.backbones.timm import TimmBackbone
from fdemd.errors import unknown

BACKBONES: dict[str, Callable[..., Backbone]] = {
    "arcface": ArcFace,
    "cosface": CosFace,
    "dlib": DlibNet,
    "facenet": FaceNet,
    "iresnet": IResNet,
    "mobilefacenet": mobilefacenet,
    "onnx": OnnxBackbone,
    "timm": TimmBackbone,
}

__all__ = ["BACKBONES", "Backbone", "build_backbone"]


def build_backbone(backbone: str, **settings: Any) -> Backbone:
    """Build the network called ``backbone`` in evaluation mode.

    Raises:
        InputError: no such network, or its settings or weights are wrong: those of a file give embeddings that are no
            use (see :func:`fdemd.backbones.soundness.check_sound`).
    """
    if backbone not in BACKBONES:
        raise unknown("backbone", backbone, BACKBONES)
    network = BACKBONES[backbone](**settings).eval()
    if network.weights_sha256 != RANDOM:
        check_sound(network, backbone)
    return network
