"""What training minimises. Knows features and labels; nothing of images or networks.

How to add a loss: CONTRIBUTING.md.
"""

from fdemd.losses.arcface import ArcFaceHead
from fdemd.losses.cosface import CosFaceHead
from fdemd.losses.criterion import Criterion
from fdemd.losses.focal import focal_loss
from fdemd.losses.head import Head
from fdemd.losses.otface import OTFaceCriterion
from fdemd.losses.scale_head import ScaleHead
from fdemd.losses.scaleface import ScaleFaceCriterion
from fdemd.losses.softmax import SoftmaxHead
from fdemd.settings.training import ArcFaceLoss, CosFaceLoss, Loss, SoftmaxLoss

__all__ = [
    "ArcFaceHead",
    "CosFaceHead",
    "Criterion",
    "Head",
    "OTFaceCriterion",
    "ScaleFaceCriterion",
    "ScaleHead",
    "SoftmaxHead",
    "build_criterion",
    "build_head",
    "focal_loss",
]


def build_head(loss: Loss, embedding_size: int, identities: int) -> Head:
    """Build the head of a loss.

    Args:
        loss: Section ``loss`` of the settings.
        embedding_size: Numbers in an embedding.
        identities: People to tell apart.

    Returns:
        The head with random centres, drawn from PyTorch's generator.
    """
    match loss:
        case ArcFaceLoss():
            return ArcFaceHead(
                embedding_size, identities, margin=loss.margin, scale=loss.scale, easy_margin=loss.easy_margin
            )
        case CosFaceLoss():
            return CosFaceHead(embedding_size, identities, margin=loss.margin, scale=loss.scale)
        case SoftmaxLoss():
            return SoftmaxHead(embedding_size, identities)


def build_criterion(loss: Loss, *, embedding_size: int, identities: int, map_size: int = 0) -> Criterion:
    """Build the criterion that the section ``loss`` of the settings describes.

    Args:
        loss: Section ``loss`` of the settings.
        embedding_size: Numbers in an embedding.
        identities: People to tell apart.
        map_size: Numbers in the patches of one face, all together; only ScaleFace needs it.

    Returns:
        A module ``(features of B faces, labels (B,)) -> (loss (), logits (B, identities))``.

    Raises:
        InputError: ScaleFace is asked for with a head that has no cosines.

    Example:
        >>> from fdemd.settings.training import CosFaceLoss
        >>> criterion = build_criterion(CosFaceLoss(margin=0.35), embedding_size=512, identities=40)
        >>> criterion.head.weight.shape
        torch.Size([40, 512])
    """
    head = build_head(loss, embedding_size, identities)
    if not isinstance(loss, SoftmaxLoss) and loss.transport is not None:
        return OTFaceCriterion(head, loss.transport, focal=loss.focal, gamma=loss.gamma)
    if not isinstance(loss, SoftmaxLoss) and loss.scale_head is not None:
        scale_head = ScaleHead(map_size, hidden=loss.scale_head.hidden, limit=loss.scale_head.limit)
        return ScaleFaceCriterion(head, scale_head, frozen=loss.scale_head.frozen, focal=loss.focal, gamma=loss.gamma)
    return Criterion(head, focal=loss.focal, gamma=loss.gamma)
