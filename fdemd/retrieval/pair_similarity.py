"""A re-ranker's similarity of the pairs that are asked for, each computed once."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property, partial

import torch
from torch import Tensor

from fdemd.cache.similarities import Computed, SimilarityStore
from fdemd.emd.compact import compact, map_within
from fdemd.features import Features
from fdemd.retrieval.reranker import Progress, Reranker, Similarity, check_similarity, no_progress
from fdemd.tensors.checks import check

STORED = "stored"
"""Instead of an engine's name, where an earlier run computed all pairs."""


def compared(reranker: Reranker, features: Features, view: Callable[[Features], Features]) -> Features:
    """Return features as a re-ranker compares them.

    Args:
        reranker: The re-ranker.
        features: Features as the network gave them.
        view: Makes of them those with its kind of patches.
    """
    viewed = view(features)
    if reranker.estimator is not None:
        known = features.visible
        viewed = viewed.seen(reranker.estimator(features).visible if known is None else known)
    return reranker.prepare(viewed)


class PairSimilarity:
    """Similarity of (query, candidate) pairs; of a pairwise re-ranker, a pair asked for twice is computed once.

    The protocols differ in one or two candidates a query, so that the second one then costs almost nothing.

    Attributes:
        seconds: That the pairs asked for last took when they were computed, perhaps by an earlier run; of a pairwise
            re-ranker, all pairs so far.
    """

    def __init__(
        self,
        reranker: Reranker,
        query: Features,
        gallery: Features,
        *,
        on_progress: Progress = no_progress,
        store: SimilarityStore | None = None,
        view: Callable[[Features], Features] = lambda given: given,
        compact: bool = False,
    ) -> None:
        """Describe the pairs.

        Args:
            reranker: Compares them.
            query: Features of ``Q`` queries.
            gallery: Features of ``G`` faces.
            on_progress: To be told the number of pairs just computed.
            store: Where the similarities of these features by this re-ranker are kept; None keeps everything in memory.
            view: Makes of the features those with the kind of patches that the re-ranker compares, once a pair is to
                be computed; without it they have that kind already.
            compact: Whether full patches are made compact, by a map that is fitted on the gallery, if the re-ranker
                can compare such.
        """
        self._reranker, self._query, self._gallery = reranker, query, gallery
        self._on_progress, self._store, self._view = on_progress, store, view
        self._compact = compact and reranker.compares_compact
        self._candidates: Tensor | None = None
        self._known: Computed = {}
        self._engine = ""
        self.seconds = 0.0

    def __call__(self, candidates: Tensor, barred: Tensor | None = None) -> Similarity:
        """Return the similarity of each query's candidates.

        Args:
            candidates: ``(Q, k)`` gallery rows.
            barred: ``(Q, b)`` gallery rows that each query may not be compared with, if the re-ranker needs them.

        Raises:
            ValueError: The candidates are no whole numbers, or not a row for each query.
            InputError: A candidate is not in the gallery, or the re-ranker breaks its contract.
        """
        _, candidates = check({"query": (self._query.embedding, "float Q D"), "candidates": (candidates, "whole Q k")})
        if not self._reranker.pairwise:
            self.seconds = 0.0
            return self._similarity(self._compute(candidates, barred))
        if self._candidates is None or not self._candidates.numel():
            computed = self._compute(candidates, barred)
            self._candidates, order = candidates.sort(dim=1)
            self._known = {name: value.gather(1, order) for name, value in computed.items()}
            return self._similarity(computed)
        place = torch.searchsorted(self._candidates, candidates.contiguous()).clamp_max(self._candidates.shape[1] - 1)
        known = self._candidates.gather(1, place) == candidates
        new = int((~known).sum(1).max())
        columns = known.sort(dim=1, stable=True).indices[:, :new]
        computed = self._compute(candidates.gather(1, columns), barred)
        return self._similarity(
            {name: self._known[name].gather(1, place).scatter(1, columns, computed[name]) for name in computed}
        )

    def _similarity(self, computed: Computed) -> Similarity:
        return Similarity(computed["similarity"], computed["fallback"], computed["unfinished"], engine=self._engine)

    def _compute(self, candidates: Tensor, barred: Tensor | None) -> Computed:
        pieces, count, store = [], len(candidates), self._store
        started = time.perf_counter()
        before = (store.seconds, store.stored) if store else (0.0, 0)
        batch = (self._reranker.batch if store else None) or max(1, count)
        for first in range(0, max(1, count), batch):
            rows = slice(first, min(first + batch, count))
            out = None if barred is None else barred[rows]
            compute = partial(self._compute_piece, rows, candidates[rows], out)
            asked = candidates[rows] if out is None else torch.cat([candidates[rows], out], dim=1)  # both decide it
            none = torch.zeros_like(candidates[rows], dtype=torch.bool)  # where the re-ranker has nothing to say
            found = store.get(rows, asked, compute) if store else compute()
            pieces.append({"fallback": none, "unfinished": none} | found)
        if store and store.stored - before[1] == len(pieces):
            self._engine = self._engine or STORED
        self.seconds += store.seconds - before[0] if store else time.perf_counter() - started
        return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}

    @cached_property
    def _sides(self) -> tuple[Features, Features]:
        """Queries and gallery as they are compared; not needed where an earlier run stored all pairs."""
        query, gallery = (compared(self._reranker, side, self._view) for side in (self._query, self._gallery))
        if not self._compact:
            return query, gallery
        patch_map = map_within(gallery)
        return compact(query, patch_map), compact(gallery, patch_map)

    def _compute_piece(self, rows: slice, candidates: Tensor, barred: Tensor | None) -> Computed:
        query, gallery = self._sides
        similarity, name = self._reranker.similarity, type(self._reranker).__name__
        said = similarity(query[rows], gallery, candidates, barred=barred, on_progress=self._on_progress)
        found = check_similarity(said, candidates, name)
        self._engine = found.engine
        maps = {"similarity": found.values, "fallback": found.fallback, "unfinished": found.unfinished}
        return {name: value for name, value in maps.items() if value is not None}
