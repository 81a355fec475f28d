"""Faces beside those that are enrolled: the two stages of a search, in this process or on the shards of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from fdemd.features import Features
from fdemd.gallery.index import Snapshot
from fdemd.retrieval.pair_similarity import PairSimilarity
from fdemd.retrieval.protocol import LEAVE_TWIN_OUT, Labels
from fdemd.retrieval.ranking import NOBODY, Ranking, sorted_by_score
from fdemd.retrieval.reranker import Reranker
from fdemd.retrieval.stage1 import rank_by_cosine
from fdemd.tensors.directions import unit

DEPTH = 1000
"""Faces of the first stage among which the people are looked for."""
NOT_ENROLLED = -1
_SPARE = 24
"""Places beyond the last: which faces stand at the end is decided by exact cosines alone."""

FeaturesOf: TypeAlias = Callable[[Tensor], tuple[Features | None, Tensor]]
"""Rising numbers of photographs -> features of those that are still there, and which these are."""


class OutdatedError(Exception):
    """The gallery changed since the snapshot, and some of its shards do not know it any more as it was then."""


class Comparing(Protocol):
    """What compares faces with the enrolled ones."""

    def rank(self, query: Tensor, snapshot: Snapshot, own: Sequence[int] | None = None) -> Ranking:
        """Rank the rows of a snapshot for each face by the cosine, the first 1,000 of them.

        Args:
            query: Embeddings ``(Q, D)``, of any length.
            snapshot: The gallery.
            own: For each face the number of a person whom it is not compared with; None bars nobody.

        Raises:
            OutdatedError: The gallery is not known any more as it was then.
        """

    def similarities(self, query: Features, snapshot: Snapshot, photographs: Tensor) -> Tensor:
        """Return the second stage's similarity of each face to some photographs, ``(Q, k)``.

        It is NaN where there is nobody, or nobody any more.

        Args:
            query: Features of ``Q`` faces.
            snapshot: The gallery.
            photographs: ``(Q, k)`` numbers in it, ``NOBODY`` only at the end.
        """

    def close(self) -> None:
        """Let go of what it holds."""


class ComparingHere:
    """Comparing in this process."""

    def __init__(self, features_of: FeaturesOf, reranker: Reranker | None) -> None:
        """Take the second stage and where it finds features; without one there is the first stage alone."""
        self._features_of, self._reranker = features_of, reranker

    def rank(self, query: Tensor, snapshot: Snapshot, own: Sequence[int] | None = None) -> Ranking:
        """Rank, see :class:`Comparing`."""
        # The person whom a face is not compared with stands as its source.
        outside = -1 - torch.arange(len(query))
        sources = torch.full((len(query),), NOT_ENROLLED) if own is None else torch.tensor(own, dtype=torch.long)
        ranking = rank_by_cosine(
            query,
            snapshot.embeddings,
            Labels(sources, sources, outside),
            Labels(snapshot.people, snapshot.people, torch.arange(len(snapshot))),
            protocol=LEAVE_TWIN_OUT,
            depth=DEPTH + _SPARE,
            index=snapshot.index,
        )
        return _with_exact_cosines(ranking, query, snapshot.embeddings)

    def similarities(self, query: Features, snapshot: Snapshot, photographs: Tensor) -> Tensor:
        """Compare patches, see :class:`Comparing`."""
        assert self._reranker is not None
        gallery, there = self._features_of(photographs[photographs != NOBODY].unique())
        if gallery is None:
            return torch.full(photographs.shape, torch.nan)
        gone, order = (~torch.isin(photographs, there)).sort(dim=1, stable=True)  # nobody only at the end
        rows = torch.searchsorted(there, photographs.gather(1, order)).masked_fill(gone, NOBODY)
        found = PairSimilarity(self._reranker, query, gallery)(rows).values.masked_fill(gone, torch.nan)
        return torch.empty_like(found).scatter(1, order, found)

    def close(self) -> None:
        """Hold nothing."""


def _with_exact_cosines(ranking: Ranking, query: Tensor, gallery: Tensor) -> Ranking:
    """Return a ranking by cosines that are rounded once.

    The last digits of a float32 product depend on the processor and on how many faces it is of, so that a part of the
    gallery on another machine would tell other scores.
    """
    cosines = torch.full_like(ranking.scores, -torch.inf)
    for row, vector in enumerate(unit(query, "the faces' embeddings").double()):
        there = ranking.indices[row] != NOBODY
        cosines[row, there] = (gallery[ranking.indices[row, there]].double() @ vector).float()
    rows, order = ranking.indices.sort(dim=1)  # equal cosines in the order of their rows
    cosines = cosines.gather(1, order)
    best = sorted_by_score(cosines)[:, :DEPTH]
    return Ranking(rows.gather(1, best), cosines.gather(1, best), gallery_size=ranking.gallery_size)
