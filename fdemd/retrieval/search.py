"""Exact search of a gallery by cosine, tile by tile, so that memory does not grow with the gallery."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

from fdemd.retrieval.protocol import tiles
from fdemd.retrieval.ranking import NOBODY, sorted_by_score

Adjustment = Callable[[Tensor, slice, slice], Tensor]
"""Cosines of some queries and gallery rows, ``(rows, columns)``, and which these are -> what to rank by instead."""


def search_exactly(
    query: Tensor,
    gallery: Tensor,
    depth: int,
    barred: Callable[[slice, slice], Tensor],
    adjust: Adjustment | None = None,
) -> tuple[Tensor, Tensor]:
    """Find the ``depth`` gallery rows of the largest cosine for each query; equal ones in the order of their rows.

    Args:
        query: embeddings ``(Q, D)``, of any length.
        gallery: embeddings ``(G, D)``.
        depth: places to fill; beyond ``G`` there are none.
        barred: gives the pairs of some queries and gallery rows that may not be compared, ``(rows, columns)`` booleans.
        adjust: what is ranked by instead of the cosine; None ranks by it.

    Returns:
        Gallery rows, int64, and cosines as adjusted, float32, both ``(Q, min(depth, G))`` and best first. Places for
        which there is no gallery row are at the end: ``NOBODY`` with a cosine of minus infinity.
    """
    depth = min(depth, len(gallery))
    indices = torch.full((len(query), depth), NOBODY, device=query.device)
    scores = torch.full((len(query), depth), -torch.inf, device=query.device)
    for rows, columns in tiles(len(query), len(gallery)):
        cosine = normalize(query[rows].float(), dim=1) @ normalize(gallery[columns].float(), dim=1).T
        if adjust is not None:
            cosine = adjust(cosine, rows, columns)
        cosine = cosine.masked_fill(barred(rows, columns), -torch.inf)
        best = first_places(cosine, depth)
        # What was found before has smaller row numbers, and comes first, so that a stable sort orders equal cosines.
        found = torch.cat([indices[rows], best + columns.start], dim=1)
        score = torch.cat([scores[rows], cosine.gather(1, best)], dim=1)
        order = sorted_by_score(score)[:, :depth]
        indices[rows], scores[rows] = found.gather(1, order), score.gather(1, order)
    return indices.masked_fill(scores == -torch.inf, NOBODY), scores


def first_places(scores: Tensor, depth: int) -> Tensor:
    """Return the first ``depth`` columns of :func:`fdemd.retrieval.ranking.sorted_by_score` without sorting all."""
    if depth >= scores.shape[1]:
        return sorted_by_score(scores)
    values, columns = scores.topk(depth, dim=1, sorted=False)
    last = values.amin(1, keepdim=True)
    # Of equal scores at the last place topk takes any; where minus infinity is last it does not matter which.
    tied = ((scores >= last).sum(1) > depth) & (last[:, 0] > -torch.inf)
    columns[tied] = sorted_by_score(scores[tied])[:, :depth]
    columns = columns.sort(dim=1).values
    return columns.gather(1, sorted_by_score(scores.gather(1, columns)))
