"""The hard triplets of a batch: whose nearest stranger is nearly as close as the furthest photograph of themselves."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.tensors.checks import checked
from fdemd.tensors.directions import unit_unseen


class Triplets(NamedTuple):
    """Rows of a batch, ``(T,)`` int64 each: the anchor, another face of the person, and a face of somebody else."""

    anchor: Tensor
    positive: Tensor
    negative: Tensor


@torch.no_grad()
@checked(embedding="float B D", labels="whole B")
def hard_triplets(embedding: Tensor, labels: Tensor, margin: float) -> Triplets:
    """For each anchor the least similar face of its person and the most similar of another, as far as that is hard.

    A triplet is hard if ``cos(anchor, negative) - cos(anchor, positive) + margin > 0``. Of equally similar faces the
    first in the batch is taken. Anchors that are alone, or whose batch shows nobody else, have no triplet.

    Args:
        embedding: ``(B, D)``, of any length; one face or more.
        labels: ``(B,)`` integers.
        margin: by which the person's own face must be more similar.

    Raises:
        ValueError: shapes that do not belong together, tensors of another type, or no face.
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
