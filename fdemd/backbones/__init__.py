"""Face image -> :class:`~fdemd.features.Features`. A new network is one file here, one line below and one yaml."""

from collections.abc import Callable
from typing import Any

from fdemd.backbones.backbone import Backbone
from fdemd.backbones.dlib import DlibNet
from fdemd.errors import unknown

BACKBONES: dict[str, Callable[..., Backbone]] = {"dlib": DlibNet}

__all__ = ["BACKBONES", "Backbone", "build_backbone"]


def build_backbone(name: str, **settings: Any) -> Backbone:
    """Build the network called ``name`` in evaluation mode.

    Raises:
        InputError: no such network, or its settings or weights are wrong.
    """
    if name not in BACKBONES:
        raise unknown("model", name, BACKBONES)
    return BACKBONES[name](**settings).eval()
