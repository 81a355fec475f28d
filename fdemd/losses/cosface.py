"""CosFace: a margin on the cosine (Wang et al., CVPR 2018, Eq. 4; also called AM-Softmax)."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.losses.head import CosineHead, check_labels


class CosFaceHead(CosineHead):
    """The cosine to the own centre counts as ``cos(theta) - margin``; without margin it is the normalised softmax."""

    def __init__(self, embedding_size: int, identities: int, *, margin: float = 0.35, scale: float = 30.0) -> None:
        """See :class:`Head`.

        Args:
            embedding_size: numbers in an embedding.
            identities: people to tell apart.
            margin: what is taken from the cosine, 0 to 1.
            scale: of the cosines.

        Raises:
            InputError: margin or scale out of range.
        """
        super().__init__(embedding_size, identities, scale)
        if not 0 <= margin <= 1:
            raise InputError(f"loss.margin is {margin}; CosFace's is taken from a cosine, 0 to 1 (usual is 0.35).")
        self.margin = margin

    def with_margin(self, similarity: Tensor, labels: Tensor) -> Tensor:
        """See :meth:`Head.with_margin`."""
        labels = check_labels(similarity, labels)
        margin = torch.full_like(similarity[:, :1], -self.margin)
        return similarity.scatter_add(1, labels[:, None], margin)
