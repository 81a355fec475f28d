"""Softmax without a margin: the plain classifier that margins are compared with."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from fdemd.losses.head import Head, check_labels, in_full_precision


class SoftmaxHead(Head):
    """A linear layer, lengths and bias included (Deng et al., CVPR 2019, Eq. 1)."""

    def __init__(self, embedding_size: int, identities: int) -> None:
        """See :class:`Head`; inner products are logits as they are."""
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
