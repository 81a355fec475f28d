"""Exact search of a gallery by cosine, tile by tile, so that memory does not grow with the gallery."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fdemd.retrieval.protocol import tiles
from fdemd.retrieval.ranking import NOBODY, sorted_by_score
from fdemd.tensors.checks import check, checked
from fdemd.tensors.directions import unit

Adjustment = Callable[[Tensor, slice, slice], Tensor]
"""Cosines of some queries and gallery rows, ``(rows, columns)``, and which these are -> what to rank by instead."""


@checked(query="real Q D", gallery="real G D")
def search_exactly(
    query: Tensor,
    gallery: Tensor,
    depth: int,
    barred: Callable[[slice, slice], Tensor],
    adjust: Adjustment | None = None,
) -> tuple[Tensor, Tensor]:
    """Find the ``depth`` gallery rows of the largest cosine for each query; equal ones in the order of their rows.

    Args:
        query: Embeddings ``(Q, D)``, of any length.
        gallery: Embeddings ``(G, D)``.
        depth: Places to fill; beyond ``G`` there are none.
        barred: Gives the pairs of some queries and gallery rows that may not be compared, ``(rows, columns)`` booleans
            or one for all.
        adjust: Gives what is ranked by instead of the cosine; None ranks by it.

    Returns:
        Gallery rows, int64, and cosines as adjusted, float32, both ``(Q, min(depth, G))`` and best first. Places for
        which there is no gallery row are at the end: ``NOBODY`` with a cosine of minus infinity.

    Raises:
        InputError: An embedding is not finite.
        ValueError: The shapes do not belong together, or the tensors are of another type.
    """
    if depth < 0:
        raise ValueError(f"{depth} places cannot be filled.")
    depth = min(depth, len(gallery))
    indices = torch.full((len(query), depth), NOBODY, device=query.device)
    scores = torch.full((len(query), depth), -torch.inf, device=query.device)
    for rows, columns in tiles(len(query), len(gallery)):
        cosine = unit(query[rows], "the queries' embeddings") @ unit(gallery[columns], "the gallery's embeddings").T
        if adjust is not None:
            (_, cosine) = check(
                {"cosine": (cosine, "float Q G"), "adjusted": (adjust(cosine, rows, columns), "rank Q G")}
            )
        out = barred(rows, columns)
        check(
            {"cosine": (cosine, "float Q G"), "barred": (out, "bool Q G")} if out.dim() else {"barred": (out, "bool")}
        )
        cosine = cosine.masked_fill(out, -torch.inf)
        best = first_places(cosine, depth)
        # What was found before has smaller row numbers, and comes first, so that a stable sort orders equal cosines.
        found = torch.cat([indices[rows], best + columns.start], dim=1)
        score = torch.cat([scores[rows], cosine.gather(1, best)], dim=1)
        order = sorted_by_score(score)[:, :depth]
        indices[rows], scores[rows] = found.gather(1, order), score.gather(1, order)
    return indices.masked_fill(scores == -torch.inf, NOBODY), scores


@checked(scores="real Q L")
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
