"""Checks of the pairs that an engine is asked for, made by every engine before it reads a number."""

from __future__ import annotations

from torch import Tensor

from fdemd.emd.side import Side
from fdemd.emd.sinkhorn import check_eps, float32_is_enough
from fdemd.tensors.checks import check


def check_pairs(query: Side, gallery: Side, candidates: Tensor) -> Tensor:
    """Return the candidates as int64 rows of the gallery, counted from 0.

    Args:
        query: Side of ``Q`` faces.
        gallery: Side of ``G`` faces.
        candidates: Rows ``(Q, k)`` of the gallery, of any integer type; negative ones count from its end. A row that
            is expanded to all queries stays one row of memory.

    Raises:
        ValueError: Grids or channels differ, the candidates are no integers or not one row a query, or the tensors are
            on several devices.
        IndexError: A candidate is not in the gallery.
    """
    *_, candidates = check(
        {
            "query": (query.patches, "float Q N C"),
            "gallery": (gallery.patches, "float G N C"),
            "candidates": (candidates, "whole Q k"),
        }
    )
    if not candidates.numel():
        return candidates
    rows = candidates if candidates.stride(0) else candidates[:1]
    least, most = rows.min(), rows.max()
    if not -len(gallery) <= least <= most < len(gallery):
        raise IndexError(f"Candidates must be rows of a gallery of {len(gallery)} faces.")
    return rows.where(rows >= 0, rows + len(gallery)).expand_as(candidates) if least < 0 else candidates


def check_float32(eps: float) -> float:
    """Return ``eps`` if the transport can be computed in float32.

    Raises:
        InputError: It is out of range.
        ValueError: It needs float64, that is, the reference engine.
    """
    if not float32_is_enough(check_eps(eps)):
        raise ValueError(f"eps is {eps}, for which float32 is not enough; the reference engine alone has float64.")
    return eps
