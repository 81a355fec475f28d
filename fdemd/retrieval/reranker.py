"""The contract of the second stage: features of queries, of a gallery, and a shortlist -> similarities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fdemd.features import Features

Progress = Callable[[int], None]
"""Told the number of pairs just computed."""


def no_progress(pairs: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Similarity:
    """What a re-ranker says of the ``k`` candidates of ``Q`` queries.

    Attributes:
        values: ``(Q, k)`` float, larger is closer, in the order of the candidates; any finite number where there is
            nobody.
        fallback: ``(Q, k)`` booleans, pairs that had to be compared in another way than asked for; None without any.
        unfinished: ``(Q, k)`` booleans, pairs whose computation was broken off; None without any.
        engine: Name of what computed it; empty if there is no choice.
    """

    values: Tensor
    fallback: Tensor | None = None
    unfinished: Tensor | None = None
    engine: str = ""


class Reranker(ABC):
    """Compares queries with the candidates of their shortlists, to order these anew.

    A new one is a class like the example; where it goes, here or in a package of its own: CONTRIBUTING.md. The keywords
    of its constructor are its settings; ``rerank.alpha`` and ``rerank.k`` are common to all.

    Attributes:
        patches: Kind of patches that it compares, ``raw`` or ``projected``, see
            :func:`fdemd.backbones.projection.patches_for`.
        pairwise: Whether a pair's similarity depends on these two faces alone, so that two protocols can share it.
        needs_barred: Whether it is to be told which faces a query may not be compared with.
        batch: Queries, at most, whose similarities are stored together; None for all.

    Example:
        >>> import torch
        >>> class Nearest(Reranker):
        ...     '''Minus the Euclidean distance of embeddings, divided by a temperature.'''
        ...
        ...     pairwise = True
        ...
        ...     def __init__(self, *, temperature: float = 1.0) -> None:
        ...         self.temperature = temperature
        ...
        ...     def similarity(self, query, gallery, shortlist, *, barred=None, on_progress=no_progress):
        ...         difference = query.embedding[:, None] - gallery.embedding[shortlist]
        ...         return Similarity(-difference.norm(dim=2) / self.temperature)
        >>> faces = Features(torch.eye(3), torch.ones(3, 4, 2), (2, 2))
        >>> Nearest().similarity(faces[:1], faces, torch.tensor([[0, 2]])).values
        tensor([[-0.0000, -1.4142]])
    """

    patches: str = "raw"
    pairwise: bool = False
    needs_barred: bool = False
    batch: int | None = None

    @abstractmethod
    def similarity(
        self,
        query: Features,
        gallery: Features,
        shortlist: Tensor,
        *,
        barred: Tensor | None = None,
        on_progress: Progress = no_progress,
    ) -> Similarity:
        """Return the similarity of each query to its candidates.

        Args:
            query: Features of ``Q`` queries, as :meth:`prepare` left them.
            gallery: Features of ``G`` gallery faces, likewise.
            shortlist: ``(Q, k)`` int64 gallery rows, best first by the first stage; -1 only at the end, for nobody.
            barred: ``(Q, b)`` gallery rows that each query may not be compared with, filled up with -1; None if it may
                be compared with all, or if the re-ranker does not need them.
            on_progress: To be told the number of pairs just computed.
        """

    def prepare(self, features: Features) -> Features:
        """Return the features of one side as they are compared, such as with pooled patches; made once."""
        return features

    def stored_as(self) -> Mapping[str, Any] | None:
        """Return the plain values that decide the similarity beside features and candidates, for the cache.

        None, the default, computes it anew each time. Of a plug-in the file that defines it is added to them.
        """
        return None
