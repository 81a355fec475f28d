"""What turns cosines into aligned cosines: of every query with every gallery face, or of pairs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from fdemd.retrieval.search import Adjustment
from fdemd.score_normalization.dao import discrepancy_aligned
from fdemd.score_normalization.snorm import Scale, mixed_in, symmetric_norm
from fdemd.score_normalization.support import Support

SupportOf = Callable[[Tensor], Support]
"""Embeddings ``(B, D)`` -> their support sets."""
DiscrepancyOf = Callable[[Tensor], Tensor]
"""Embeddings ``(B, D)`` -> their discrepancies ``(B,)``."""


class Aligner(ABC):
    """Aligns cosines by what is known of each face alone, so that no order of faces and no gallery plays a part."""

    @abstractmethod
    def known(self, embeddings: Tensor) -> Tensor:
        """What is known of each face beside its embedding, ``(B, n)``, of embeddings ``(B, D)`` of any length."""

    @abstractmethod
    def aligned(self, cosine: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Aligned cosines of faces of which ``one (..., n)`` and ``other (..., n)`` is known; they broadcast."""

    def between(self, query: Tensor, gallery: Tensor) -> Adjustment:
        """The adjustment of tiles of the table of queries ``(Q, D)`` and gallery ``(G, D)``, as the search takes it."""
        one, other = self.known(query), self.known(gallery)
        return lambda cosine, rows, columns: self.aligned(cosine, one[rows, None], other[None, columns])

    def of_pairs(self, cosine: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Aligned cosines ``(P,)`` of pairs with embeddings ``(P, D)`` each."""
        return self.aligned(cosine, self.known(first), self.known(second))


class DiscrepancyAligner(Aligner):
    """DAO, see :mod:`fdemd.score_normalization.dao`."""

    def __init__(self, discrepancy: DiscrepancyOf, strength: float) -> None:
        self._discrepancy, self._strength = discrepancy, strength

    def known(self, embeddings: Tensor) -> Tensor:
        """The discrepancy, ``(B, 1)``."""
        return self._discrepancy(embeddings)[:, None]

    def aligned(self, cosine: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Cosines less the strength times the mean discrepancy."""
        return discrepancy_aligned(cosine, one[..., 0], other[..., 0], self._strength)


class NormAligner(Aligner):
    """s-norm, see :mod:`fdemd.score_normalization.snorm`."""

    def __init__(self, support: SupportOf, scale: Scale, strength: float) -> None:
        self._support, self._scale, self._strength = support, scale, strength

    def known(self, embeddings: Tensor) -> Tensor:
        """Mean and deviation of the support sets, ``(B, 2)``."""
        support = self._support(embeddings)
        return torch.stack([support.mean, support.deviation], dim=1)

    def aligned(self, cosine: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Cosines mixed with normalised ones."""
        normalised = symmetric_norm(cosine, (one[..., 0], other[..., 0]), (one[..., 1], other[..., 1]))
        return mixed_in(cosine, normalised, self._scale, self._strength)
