"""ScaleFace: a margin softmax whose logits each face scales itself (Kail et al., arXiv 2209.01880, DSAA 2023).

``-log exp(s cos(theta_y + m)) / (exp(s cos(theta_y + m)) + sum over others exp(s cos theta_j))`` with ``s = s(face)``:
a high scale makes the softmax certain, which costs much where it is wrong, so that it says how sure the network may be.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.features import Features
from fdemd.losses.criterion import Criterion
from fdemd.losses.head import CosineHead, Head, check_labels
from fdemd.losses.scale_head import ScaleHead
from fdemd.settings.training import Focal
from fdemd.tensors.directions import unit, unit_unseen

_LARGEST_COSINE = 1 - 1e-7


class ScaleFaceCriterion(Criterion):
    """Margin softmax with a scale for each face; trains the scale head alone, or the network and the centres too.

    The centres start as the means of the network's own embeddings (:meth:`set_centres`): with random ones the margin
    makes every face hopeless, and the least loss is that of scales of 0. Embeddings are measured from their mean over
    the training people, since the direction that all faces have in common leaves little room for an angular margin.
    Both are ours: the published head is trained with the centres that the network came with.

    Attributes:
        origin: ``(D,)`` that embeddings are measured from, always that of the network before training.

    Example:
        >>> from fdemd.losses import ArcFaceHead
        >>> scale_head = ScaleHead(map_size=4 * 8, hidden=16, limit=64.0)
        >>> criterion = ScaleFaceCriterion(ArcFaceHead(16, 5), scale_head, frozen=True, focal="none", gamma=2.0)
        >>> loss, logits = criterion(Features(torch.randn(6, 16), torch.randn(6, 4, 8), (2, 2)), torch.arange(6) % 5)
        >>> loss.shape, logits.shape
        (torch.Size([]), torch.Size([6, 5]))
    """

    origin: Tensor

    def __init__(self, head: Head, scale_head: ScaleHead, *, frozen: bool, focal: Focal, gamma: float) -> None:
        """Put a head of cosines and a scale head together.

        Args:
            head: Head of the identities; its common scale is not used.
            scale_head: Head that gives each face its scale, from the network's patches.
            frozen: Whether the scale head alone is trained.
            focal: Kind of focal loss, see :func:`fdemd.losses.focal_loss`.
            gamma: Exponent of the focal loss.

        Raises:
            InputError: the head knows no angles.
        """
        super().__init__(head, focal=focal, gamma=gamma)
        if not isinstance(head, CosineHead):
            raise InputError("loss.head must be arcface or cosface: a scale of each face needs cosines to scale.")
        self.scale_head = scale_head
        self.trains_backbone = not frozen
        self.register_buffer("origin", torch.zeros(head.weight.shape[1]))
        head.weight.requires_grad_(not frozen)

    @torch.no_grad()
    def set_centres(self, embedding: Tensor, labels: Tensor) -> None:
        """Take the mean embedding of each person as centre, and the mean of these as origin.

        Args:
            embedding: ``(B, D)``, of any length. Whoever does not occur (no face was found) keeps a random centre.
            labels: ``(B,)`` whole numbers, the identity of each face.

        Raises:
            InputError: an embedding that is not finite.
            ValueError: embeddings of another size or type, or labels of other people.
        """
        self.head.check_embedding(embedding)
        people = len(self.head.weight)
        labels = check_labels(embedding, labels, people)
        sums = torch.zeros_like(self.head.weight).index_add_(0, labels, unit(embedding, "the embeddings"))
        counts = labels.bincount(minlength=people)
        occurring = counts > 0
        centres = sums[occurring] / counts[occurring, None]
        self.origin.copy_(centres.mean(0))
        self.head.weight[occurring] = centres - self.origin

    def logits(self, features: Features, labels: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Criterion.logits`; each face has a scale of its own."""
        self.head.check_embedding(features.embedding)
        embedding = unit_unseen(features.embedding) - self.origin
        cosine = self.head.similarity(embedding).clamp(-_LARGEST_COSINE, _LARGEST_COSINE)
        scale = self.scale_head(features.patches)[:, None]
        self.figures = {"scale": scale.detach().mean()}
        return scale * self.head.with_margin(cosine, labels), scale * cosine
