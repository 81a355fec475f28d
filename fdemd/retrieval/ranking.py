"""The ordered gallery of every query."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fdemd.tensors.checks import check, checked

NOBODY = -1
"""Fills a row whose query has fewer candidates than the ranking is deep."""


@dataclass(frozen=True)
class Ranking:
    """For each query the best gallery rows, best first. Checked once, here; whoever receives one can trust it.

    Attributes:
        indices: ``(Q, L)`` int64 gallery rows; no row twice; ``NOBODY`` only at the end.
        scores: ``(Q, L)`` float, larger is closer; descending within the first ``reranked`` places and after them
            (the two stages' scores are not on one scale).
        reranked: how many places the second stage has sorted; 0 after stage 1.
        alphas: ``(Q,)`` that the second stage chose for each query; None for a fixed one.
    """

    indices: Tensor
    scores: Tensor
    reranked: int = 0
    alphas: Tensor | None = None

    def __post_init__(self) -> None:
        check({"indices": (self.indices, "row Q L"), "scores": (self.scores, "score Q L")})
        if not 0 <= self.reranked <= self.indices.shape[1]:
            raise ValueError(f"{self.reranked} places of a ranking of {self.indices.shape[1]} cannot be re-ranked.")
        if (self.indices < NOBODY).any():
            raise ValueError("A ranking names a gallery row below 0.")
        present = self.indices != NOBODY
        if not (present[:, :-1] >= present[:, 1:]).all():
            raise ValueError("A ranking has a hole before its last candidate.")
        ordered = self.indices.sort(dim=1).values
        if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != NOBODY)).any():
            raise ValueError("A ranking names a gallery row twice.")
        for part in (slice(0, self.reranked), slice(self.reranked, None)):
            scores, filled = self.scores[:, part], present[:, part]
            if not ((scores[:, 1:] <= scores[:, :-1]) | ~filled[:, 1:]).all():
                raise ValueError("A ranking is not sorted by its scores.")

    def __getitem__(self, queries: Tensor) -> Ranking:
        """The rankings of some queries, by number or boolean."""
        alphas = None if self.alphas is None else self.alphas[queries]
        return Ranking(self.indices[queries], self.scores[queries], self.reranked, alphas)

    def hits(self, query_labels: Tensor, gallery_labels: Tensor) -> Tensor:
        """Boolean ``(Q, L)``: whether the face at each place is of the query's identity.

        Raises:
            ValueError: labels of other queries, or of a gallery that lacks some of the rows.
        """
        _, query_labels, gallery_labels = check(
            {
                "indices": (self.indices, "row Q L"),
                "query_labels": (query_labels, "whole Q"),
                "gallery_labels": (gallery_labels, "whole G"),
            }
        )
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
