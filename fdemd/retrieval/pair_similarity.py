"""Earth Mover's similarity of the pairs that are asked for, each computed once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial

import torch
from torch import Tensor

from fdemd.backbones import Backbone
from fdemd.backbones.projection import Projection
from fdemd.cache.similarities import SimilarityStore
from fdemd.emd import Transport, emd_similarity
from fdemd.features import Features
from fdemd.retrieval.settings import RAW, RerankSettings
from fdemd.tensors.checks import check

STORED = "stored"
"""Instead of an engine's name, where an earlier run computed all pairs."""
_QUERIES_A_PIECE = 4096
"""Stored together: what at most is lost if a run is broken off. Each piece prepares the whole gallery anew."""


def patches_for(
    settings: RerankSettings | None, backbone: Backbone, features: Features
) -> Callable[[Features], Features]:
    """What turns the network's features into those whose patches the settings ask for.

    Raises:
        InputError: this network has no such patches.
    """
    if settings is None or settings.patches == RAW:
        return lambda given: given
    return Projection(backbone, features)


class PairSimilarity:
    """Earth Mover's similarity of (query, candidate) pairs; a pair asked for twice is computed once.

    The protocols differ in one or two candidates a query, so the second one costs almost nothing. Under the official
    stop a pair's score depends on the whole list of candidates, so there every list is computed anew.
    """

    def __init__(
        self,
        query: Features,
        gallery: Features,
        settings: RerankSettings,
        on_progress: Callable[[int], None] = lambda pairs: None,
        store: SimilarityStore | None = None,
        view: Callable[[Features], Features] = lambda given: given,
    ) -> None:
        """Describe the pairs.

        Args:
            query: features of ``Q`` queries.
            gallery: features of ``G`` faces.
            settings: of the second stage; alpha and k play no part.
            on_progress: told the number of pairs just computed.
            store: of these features and settings; None keeps everything in memory.
            view: makes of the features those with the kind of patches that the settings ask for (``patches_for``), once
                a pair is to be computed; without it they have that kind already.
        """
        self._store, self._view = store, view
        self._query, self._gallery, self._settings, self._on_progress = query, gallery, settings, on_progress
        self._candidates: Tensor | None = None
        self._known: dict[str, Tensor] = {}
        self._engine = ""

    @property
    def seconds(self) -> float | None:
        """That all pairs so far took, whenever they were computed; None without a store."""
        return self._store.seconds if self._store else None

    def __call__(self, candidates: Tensor) -> Transport:
        """Similarity of each query's candidates ``(Q, k)``, without flows.

        Raises:
            ValueError: candidates that are no whole numbers, or not a row for each query.
            InputError: A candidate that is not in the gallery.
        """
        _, candidates = check({"query": (self._query.embedding, "float Q D"), "candidates": (candidates, "whole Q k")})
        if self._candidates is None or not self._candidates.numel() or self._settings.stop == "official":
            computed = self._compute(candidates)
            self._candidates, order = candidates.sort(dim=1)
            self._known = {name: value.gather(1, order) for name, value in computed.items()}
            return Transport(**computed, engine=self._engine)
        place = torch.searchsorted(self._candidates, candidates.contiguous()).clamp_max(self._candidates.shape[1] - 1)
        known = self._candidates.gather(1, place) == candidates
        new = int((~known).sum(1).max())
        columns = known.sort(dim=1, stable=True).indices[:, :new]
        computed = self._compute(candidates.gather(1, columns))
        return Transport(
            **{name: self._known[name].gather(1, place).scatter(1, columns, computed[name]) for name in computed},
            engine=self._engine,
        )

    def _compute(self, candidates: Tensor) -> dict[str, Tensor]:
        pieces = []
        queries = _QUERIES_A_PIECE if self._store else max(1, len(candidates))
        for first in range(0, max(1, len(candidates)), queries):
            rows = slice(first, min(first + queries, len(candidates)))
            compute = partial(self._compute_piece, rows, candidates[rows])
            pieces.append(self._store.get(rows, candidates[rows], compute) if self._store else compute())
        self._engine = self._engine or STORED
        return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}

    @cached_property
    def _sides(self) -> tuple[Features, Features]:
        """Queries and gallery with the patches to compare; not needed where an earlier run stored all pairs."""
        query, gallery, grid = self._view(self._query), self._view(self._gallery), self._settings.grid
        return (query.pooled(grid), gallery.pooled(grid)) if grid else (query, gallery)

    def _compute_piece(self, rows: slice, candidates: Tensor) -> dict[str, Tensor]:
        query, gallery = self._sides
        result = emd_similarity(
            query[rows],
            gallery,
            candidates,
            weighting=self._settings.weighting,
            stop=self._settings.stopping_rule,
            eps=self._settings.eps,
            engine=self._settings.engine,
            on_progress=self._on_progress,
        )
        self._engine = result.engine
        return {name: getattr(result, name) for name in ("similarity", "fallback", "unfinished")}
