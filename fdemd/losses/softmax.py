"""Softmax without a margin: the plain classifier that margins are compared with."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from fdemd.losses.head import Head, check_labels, in_full_precision


class SoftmaxHead(Head):
    """A linear layer whose inner products are the logits (Deng et al., CVPR 2019, Eq. 1).

    Example:
        >>> import torch
        >>> SoftmaxHead(embedding_size=4, identities=3)(torch.randn(8, 4), torch.randint(3, (8,))).shape
        torch.Size([8, 3])
    """

    def __init__(self, embedding_size: int, identities: int) -> None:
        """Draw the weights; the bias starts at 0.

        Args:
            embedding_size: Numbers in an embedding.
            identities: People to tell apart.
        """
        super().__init__(embedding_size, identities, scale=1.0)
        self.bias = nn.Parameter(torch.zeros(identities))

    def similarity(self, embedding: Tensor) -> Tensor:
        """See :meth:`Head.similarity`; inner product and bias."""
        self.check_embedding(embedding)
        with torch.autocast(embedding.device.type, enabled=False):
            return linear(*in_full_precision(embedding, self.weight, self.bias))

    def with_margin(self, similarity: Tensor, labels: Tensor) -> Tensor:
        """Return the similarities as they are."""
        check_labels(similarity, labels)
        return similarity
