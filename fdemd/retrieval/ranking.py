"""The ordered gallery of every query."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.tensors.arrays import Array, check_arrays
from fdemd.tensors.checks import check, checked

NOBODY = -1
"""Fills a row whose query has fewer candidates than the ranking is deep."""


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Ranking:
    """For each query the best gallery rows, best first. Checked once, here; whoever receives one can trust it.

    ``==`` says whether two are the same object; ``torch.equal`` compares their tensors.

    Attributes:
        indices: ``(Q, L)`` int64 gallery rows; no row twice; ``NOBODY`` (-1) only at the end.
        scores: ``(Q, L)`` numbers, larger is closer; descending within the first ``reranked`` places and after them
            (the two stages' scores are not on one scale).
        reranked: Number of places that the second stage has sorted; 0 after stage 1.
        alphas: ``(Q,)`` share of the second stage chosen for each query; None for a fixed one.
        sources: Numbers ``(Q,)`` and ``(G,)`` of the photographs that queries and gallery faces come from, where faces
            of one photograph were not compared; None where all were, or where nobody asks.
        gallery_size: Number ``G`` of faces that were ranked; None where nobody told.

    Examples:
        >>> ranking = Ranking([[1, 0, 2], [2, 1, -1]], [[0.9, 0.5, 0.1], [0.8, 0.7, 0.0]])
        >>> ranking.hits(torch.tensor([7, 8]), torch.tensor([7, 7, 8]))
        tensor([[ True,  True, False],
                [ True, False, False]])
    """

    indices: Tensor
    scores: Tensor
    reranked: int
    alphas: Tensor | None
    sources: tuple[Tensor, Tensor] | None
    gallery_size: int | None

    def __init__(
        self,
        indices: Array,
        scores: Array,
        reranked: int = 0,
        alphas: Tensor | None = None,
        sources: tuple[Tensor, Tensor] | None = None,
        gallery_size: int | None = None,
    ) -> None:
        """Check a ranking; the arguments are the attributes, indices and scores as any arrays.

        Raises:
            InputError: Arrays of other shapes or types, a row twice or of no face, a hole, or scores out of
                order.
        """
        rows, numbers = check_arrays({"indices": (indices, "whole Q L"), "scores": (scores, "score Q L")})
        if not 0 <= reranked <= rows.shape[1]:
            raise InputError(f"{reranked} places of a ranking of {rows.shape[1]} cannot be re-ranked.")
        if (rows < NOBODY).any():
            raise InputError(f"A ranking names the gallery row {int(rows.min())}; rows count from 0, -1 is nobody.")
        if gallery_size is not None and (rows >= gallery_size).any():
            raise InputError(f"A ranking names the gallery row {int(rows.max())}, and there are {gallery_size} faces.")
        present = rows != NOBODY
        if not (present[:, :-1] >= present[:, 1:]).all():
            raise InputError("A ranking has a hole before its last candidate.")
        ordered = rows.sort(dim=1).values
        if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != NOBODY)).any():
            raise InputError("A ranking names a gallery row twice.")
        for part in (slice(0, reranked), slice(reranked, None)):
            some, filled = numbers[:, part], present[:, part]
            if not ((some[:, 1:] <= some[:, :-1]) | ~filled[:, 1:]).all():
                raise InputError("A ranking is not sorted by its scores.")
        values = {
            "indices": rows,
            "scores": numbers,
            "reranked": reranked,
            "alphas": alphas,
            "sources": sources,
            "gallery_size": gallery_size,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)  # as a frozen dataclass sets its own

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        """Return the shapes; the numbers would fill screens."""
        shape = tuple(self.indices.shape)
        return f"Ranking(indices={shape}, scores={shape}, reranked={self.reranked}, gallery_size={self.gallery_size})"

    def __getitem__(self, queries: Tensor) -> Ranking:
        """Return the rankings of some queries, by number or boolean."""
        alphas = None if self.alphas is None else self.alphas[queries]
        sources = None if self.sources is None else (self.sources[0][queries], self.sources[1])
        return Ranking(self.indices[queries], self.scores[queries], self.reranked, alphas, sources, self.gallery_size)

    def hits(self, query_labels: Tensor, gallery_labels: Tensor) -> Tensor:
        """Boolean ``(Q, L)``: whether the face at each place is of the query's identity.

        Raises:
            ValueError: labels of other queries, or of another gallery.
        """
        _, query_labels, gallery_labels = check(
            {
                "indices": (self.indices, "row Q L"),
                "query_labels": (query_labels, "whole Q"),
                "gallery_labels": (gallery_labels, "whole G"),
            }
        )
        if self.gallery_size not in (None, len(gallery_labels)):
            raise ValueError(f"The ranking is of {self.gallery_size} gallery faces, not of {len(gallery_labels)}.")
        check_rows(self.indices, len(gallery_labels))
        if not len(gallery_labels):
            return torch.zeros_like(self.indices, dtype=torch.bool)
        found = gallery_labels[self.indices] == query_labels[:, None]
        return found & (self.indices != NOBODY)


def check_rows(rows: Tensor, count: int) -> None:
    """Check that rows are those of a gallery of ``count`` faces, or ``NOBODY``.

    Raises:
        ValueError: one is not.
    """
    if rows.numel() and not (rows.min() >= NOBODY and rows.max() < count):
        raise ValueError(f"Candidates must be rows of a gallery of {count} faces, or {NOBODY} for nobody.")


@checked(scores="real Q L")
def sorted_by_score(scores: Tensor) -> Tensor:
    """Order ``(Q, L)`` of descending scores; equal scores keep their order, so that every device gives one result."""
    return torch.sort(scores, dim=1, descending=True, stable=True).indices
