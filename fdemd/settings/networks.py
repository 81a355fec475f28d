"""Section ``model``: which network, and how it is built."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from fdemd.settings.plugin_settings import PluginSection, built_in_or_plug_in
from fdemd.settings.plugins import PluginGroup
from fdemd.settings.section import BUILT_IN, PLUG_IN, Section, Text, at_least, is_number, is_size, takes

Alignment = Literal["box_160", "dlib", "insightface", "insightface_112x96", "paper_112x96", "paper_160"]


def _three_or_one(value: Any) -> bool:
    return is_number(value) or (isinstance(value, list) and len(value) in (1, 3) and all(map(is_number, value)))


Levels = Annotated[Any, takes(lambda value: value is None or _three_or_one(value), "a number, or a list of three")]
FaceSize = Annotated[
    Any, takes(lambda value: value is None or is_size(value), "[height,width] in pixels up to 4096, such as [112,112]")
]


class ArcFaceNetwork(Section):
    """``configs/model/arcface.yaml``."""

    backbone: Literal["arcface"]
    checkpoint: Text | None = None
    grid: Literal[8, 4, 16] = 8


class CosFaceNetwork(Section):
    """``configs/model/cosface.yaml``."""

    backbone: Literal["cosface"]
    checkpoint: Text | None = None
    grid: Literal[7, 4] = 7


class DlibNetwork(Section):
    """``configs/model/dlib.yaml``."""

    backbone: Literal["dlib"]
    checkpoint: Text | None = None
    grid: Literal[8, 4, 2] = 8


class FaceNetNetwork(Section):
    """``configs/model/facenet.yaml``."""

    backbone: Literal["facenet"]
    checkpoint: Text | None = None
    preprocessing: Literal["standard", "paper"] = "standard"


class IResNetNetwork(Section):
    """``configs/model/iresnet.yaml``."""

    backbone: Literal["iresnet"]
    depth: Literal[18, 34, 50, 100] = 50
    checkpoint: Text | None = None


class MobileFaceNetNetwork(Section):
    """``configs/model/mobilefacenet.yaml``."""

    backbone: Literal["mobilefacenet"]
    variant: Literal["foamliu", "xiaoccer"] = "foamliu"
    checkpoint: Text | None = None


class OnnxNetwork(Section):
    """``configs/model/onnx.yaml``."""

    backbone: Literal["onnx"]
    checkpoint: Text | None = None
    patches: Text | None = None
    mean: Levels = None
    scale: Levels = None
    colour: Literal["RGB", "BGR"] = "RGB"
    face_size: FaceSize = None
    alignment: Alignment = "insightface"


class SFaceNetwork(Section):
    """``configs/model/sface.yaml``."""

    backbone: Literal["sface"]
    checkpoint: Text | None = None
    patches: Literal["last", "earlier"] = "last"


class TimmNetwork(Section):
    """``configs/model/timm.yaml``."""

    backbone: Literal["timm"]
    name: Text = "resnet18"
    checkpoint: Text = "random"
    head: Literal["pool", "linear", "flatten"] = "linear"
    embedding: Annotated[int, at_least(1, "an embedding has at least 1 number")] = 512
    face_size: FaceSize = None
    alignment: Alignment = "insightface"


class PluginNetwork(PluginSection):
    """A network that another installed package brings."""

    group: ClassVar[PluginGroup] = "backbones"
    key: ClassVar[str] = "model"
    named_by: ClassVar[str] = "backbone"

    backbone: Text


BuiltInNetwork = Annotated[
    ArcFaceNetwork
    | CosFaceNetwork
    | DlibNetwork
    | FaceNetNetwork
    | IResNetNetwork
    | MobileFaceNetNetwork
    | OnnxNetwork
    | SFaceNetwork
    | TimmNetwork,
    Field(discriminator="backbone"),
]
Network = Annotated[
    Annotated[BuiltInNetwork, Tag(BUILT_IN)] | Annotated[PluginNetwork, Tag(PLUG_IN)],
    Discriminator(built_in_or_plug_in(PluginNetwork, BuiltInNetwork)),
]
