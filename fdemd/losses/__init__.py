"""What training minimises. Knows features and labels; nothing of images or networks."""

from collections.abc import Callable, Mapping
from typing import Any

from fdemd.errors import unknown
from fdemd.losses.arcface import ArcFaceHead
from fdemd.losses.cosface import CosFaceHead
from fdemd.losses.criterion import Criterion
from fdemd.losses.focal import focal_loss
from fdemd.losses.head import Head
from fdemd.losses.otface import OTFaceCriterion, TransportSettings
from fdemd.losses.scale_head import ScaleHead
from fdemd.losses.scaleface import ScaleFaceCriterion
from fdemd.losses.softmax import SoftmaxHead

HEADS: dict[str, Callable[..., Head]] = {"arcface": ArcFaceHead, "cosface": CosFaceHead, "softmax": SoftmaxHead}

__all__ = [
    "HEADS",
    "Criterion",
    "Head",
    "OTFaceCriterion",
    "ScaleFaceCriterion",
    "ScaleHead",
    "TransportSettings",
    "build_criterion",
    "build_head",
    "compares_faces",
    "focal_loss",
]


def build_head(head: str, embedding_size: int, identities: int, **settings: Any) -> Head:
    """Build the head called ``head``, with its settings in ``configs/loss``.

    Raises:
        InputError: no such head, or a setting of it is out of range.
    """
    if head not in HEADS:
        raise unknown("head", head, HEADS)
    return HEADS[head](embedding_size, identities, **settings)


def compares_faces(loss: Mapping[str, Any]) -> bool:
    """Whether the loss that ``configs/loss`` describes needs two faces of a person in a batch."""
    return loss.get("transport") is not None


def build_criterion(
    head: str,
    *,
    focal: str,
    gamma: float,
    embedding_size: int,
    identities: int,
    map_size: int = 0,
    transport: Mapping[str, Any] | None = None,
    scale_head: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Criterion:
    """Build what ``configs/loss`` says, for embeddings of so many numbers and so many people.

    ``map_size`` is how many numbers the patches of a face have; only the section ``scale_head`` needs it.

    Raises:
        InputError: no such head or loss, or a setting out of range.
    """
    built = build_head(head, embedding_size, identities, **settings)
    if transport is not None:
        return OTFaceCriterion(built, TransportSettings(**transport), focal=focal, gamma=gamma)
    if scale_head is not None:
        sizes = {key: value for key, value in scale_head.items() if key != "frozen"}
        scales = ScaleHead(map_size, **sizes)
        return ScaleFaceCriterion(built, scales, frozen=scale_head["frozen"], focal=focal, gamma=gamma)
    return Criterion(built, focal=focal, gamma=gamma)
