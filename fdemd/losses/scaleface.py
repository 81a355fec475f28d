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
from fdemd.tensors.directions import unit, unit_unseen

_LARGEST_COSINE = 1 - 1e-7


class ScaleFaceCriterion(Criterion):
    """Loss of the scale head alone, with the network and the centres frozen, or of all three.

    The centres start as the means of the network's own embeddings (:meth:`set_centres`): with random ones the margin
    makes every face hopeless, and the least loss is that of scales of 0. Embeddings are measured from their mean over
    the training people, since the direction that all faces have in common leaves little room for an angular margin.
    Both are ours: the published head is trained with the centres that the network came with.

    Attributes:
        origin: ``(D,)`` that embeddings are measured from, always that of the network before training.
    """

    origin: Tensor

    def __init__(self, head: Head, scale_head: ScaleHead, *, frozen: bool, focal: str, gamma: float) -> None:
        """See :class:`Criterion`.

        Args:
            head: of the identities; its common scale is not used.
            scale_head: of the network's patches.
            frozen: train the scale head alone.
            focal: see :func:`focal_loss`.
            gamma: see :func:`focal_loss`.

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
            labels: ``(B,)``.

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
