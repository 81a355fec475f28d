"""What turns cosines into normalized cosines: of every query with every gallery face, or of pairs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from fdemd.retrieval.search import Adjustment
from fdemd.score_normalization.discrepancy import subtract_discrepancy
from fdemd.score_normalization.snorm import Scale, mix_normalized, symmetric_norm
from fdemd.score_normalization.support import Support

SupportOf = Callable[[Tensor], Support]
"""Embeddings ``(B, D)`` -> their support sets."""
DiscrepancyOf = Callable[[Tensor], Tensor]
"""Embeddings ``(B, D)`` -> their discrepancies ``(B,)``."""


class Normalizer(ABC):
    """Normalizes cosines by statistics of each face alone, so that neither order nor gallery plays a part."""

    @abstractmethod
    def statistics(self, embeddings: Tensor) -> Tensor:
        """Return what is known of each face beside its embedding, ``(B, n)``.

        Args:
            embeddings: ``(B, D)``, of any length.
        """

    @abstractmethod
    def normalize(self, cosine: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Return normalized cosines.

        Args:
            cosine: Cosines of any shape.
            one: Statistics ``(..., n)`` of the first faces; they broadcast to ``cosine``.
            other: Statistics ``(..., n)`` of the second faces, likewise.
        """

    def between(self, query: Tensor, gallery: Tensor) -> Adjustment:
        """Return what normalizes tiles of the table of all queries and gallery faces, as the search takes it.

        Args:
            query: Embeddings ``(Q, D)``.
            gallery: Embeddings ``(G, D)``.
        """
        one, other = self.statistics(query), self.statistics(gallery)
        return lambda cosine, rows, columns: self.normalize(cosine, one[rows, None], other[None, columns])

    def normalize_pairs(self, cosine: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """Return normalized cosines ``(P,)`` of pairs of faces.

        Args:
            cosine: ``(P,)``.
            first: Embeddings ``(P, D)``.
            second: Embeddings ``(P, D)``.
        """
        return self.normalize(cosine, self.statistics(first), self.statistics(second))


class DiscrepancyNormalizer(Normalizer):
    """IDA, see :mod:`fdemd.score_normalization.discrepancy`."""

    def __init__(self, discrepancy: DiscrepancyOf, strength: float) -> None:
        """Make the normalizer.

        Args:
            discrepancy: Gives the discrepancies of embeddings.
            strength: Factor of the mean discrepancy, 0 or more.
        """
        self._discrepancy, self._strength = discrepancy, strength

    def statistics(self, embeddings: Tensor) -> Tensor:
        """Return the discrepancy of each face, ``(B, 1)``."""
        return self._discrepancy(embeddings)[:, None]

    def normalize(self, cosine: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Return the cosines less the strength times the mean discrepancy."""
        return subtract_discrepancy(cosine, one[..., 0], other[..., 0], self._strength)


class SymmetricNormalizer(Normalizer):
    """S-norm, see :mod:`fdemd.score_normalization.snorm`."""

    def __init__(self, support: SupportOf, scale: Scale, strength: float) -> None:
        """Make the normalizer.

        Args:
            support: Gives the support sets of embeddings.
            scale: Mean and deviation of the cohort's own cosines.
            strength: Share of the normalized score, in [0, 1].
        """
        self._support, self._scale, self._strength = support, scale, strength

    def statistics(self, embeddings: Tensor) -> Tensor:
        """Return mean and deviation of the cosines to each face's support set, ``(B, 2)``."""
        support = self._support(embeddings)
        return torch.stack([support.mean, support.deviation], dim=1)

    def normalize(self, cosine: Tensor, one: Tensor, other: Tensor) -> Tensor:
        """Return the cosines mixed with their normalized ones."""
        normalized = symmetric_norm(cosine, (one[..., 0], other[..., 0]), (one[..., 1], other[..., 1]))
        return mix_normalized(cosine, normalized, self._scale, self._strength)
