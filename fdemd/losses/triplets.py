"""The hard triplets of a batch: whose nearest stranger is nearly as close as the furthest photograph of themselves."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.tensors.checks import checked
from fdemd.tensors.directions import unit_unseen


class Triplets(NamedTuple):
    """Triplets of faces of one batch, as row numbers ``(T,)`` int64 each.

    Attributes:
        anchor: The face that the two others are compared with.
        positive: Another face of the anchor's person.
        negative: A face of somebody else.
    """

    anchor: Tensor
    positive: Tensor
    negative: Tensor


@torch.no_grad()
@checked(embedding="float B D", labels="whole B")
def hard_triplets(embedding: Tensor, labels: Tensor, margin: float) -> Triplets:
    """Mine the hardest triplet of each anchor in a batch (Hermans et al., arXiv 1703.07737, "batch hard").

    The positive is the least similar face of the anchor's person, the negative the most similar face of another.
    A triplet is hard, and returned, if ``cos(anchor, negative) - cos(anchor, positive) + margin > 0``. Of equally
    similar faces the first in the batch is taken. Anchors that are alone, or whose batch shows nobody else, have no
    triplet.

    Args:
        embedding: ``(B, D)``, of any length; one face or more.
        labels: ``(B,)`` whole numbers, the identity of each face.
        margin: Cosine by which the person's own face must be more similar.

    Raises:
        ValueError: shapes that do not belong together, tensors of another type, or no face.

    Example:
        >>> embedding = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])
        >>> hard_triplets(embedding, torch.tensor([0, 0, 1]), margin=0.3)
        Triplets(anchor=tensor([0, 1]), positive=tensor([1, 0]), negative=tensor([2, 2]))
    """
    if not len(labels):
        raise ValueError("A batch without faces has no triplets.")
    with torch.autocast(embedding.device.type, enabled=False):
        unit = unit_unseen(embedding)
        cosine = unit @ unit.T
    same = labels[:, None] == labels
    others = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    positive_cosine, positive = cosine.masked_fill(~(same & others), torch.inf).min(1)
    negative_cosine, negative = cosine.masked_fill(same, -torch.inf).max(1)
    # Where there is no such face the difference is -inf, which no margin makes hard.
    anchor = (negative_cosine - positive_cosine + margin > 0).nonzero()[:, 0]
    return Triplets(anchor, positive[anchor], negative[anchor])
