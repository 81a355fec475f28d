"""Checks of the pairs that an engine is asked for, made by every engine before it reads a number."""

from __future__ import annotations

from torch import Tensor

from fdemd.emd.side import Side
from fdemd.emd.sinkhorn import check_eps, float32_is_enough
from fdemd.errors import InputError
from fdemd.tensors.checks import check


def check_pairs(query: Side, gallery: Side, candidates: Tensor) -> Tensor:
    """Check which pairs to compare, and return the candidates as int64 rows of the gallery, from 0.

    Args:
        query: Side of ``Q`` faces.
        gallery: Side of ``G`` faces.
        candidates: ``(Q, k)`` rows of the gallery, whole numbers of any size; negative ones count from its end. An
            expanded row, the same for all queries, stays one row of memory.

    Raises:
        ValueError: Grids or channels differ, the candidates are no whole numbers, or not a row for each query, or not
            everything is on one device.
        InputError: A candidate that is not in the gallery.
    """
    *_, candidates = check(
        {
            "query": (query.patches, "stored Q N C"),
            "gallery": (gallery.patches, "stored G N C"),
            "candidates": (candidates, "whole Q k"),
        }
    )
    if not candidates.numel():
        return candidates
    rows = candidates if candidates.stride(0) else candidates[:1]
    least, most = rows.min(), rows.max()
    if not -len(gallery) <= least <= most < len(gallery):
        raise InputError(f"Candidates must be rows of a gallery of {len(gallery)} faces.")
    return rows.where(rows >= 0, rows + len(gallery)).expand_as(candidates) if least < 0 else candidates


def check_float32(eps: float) -> float:
    """Return ``eps`` if the transport can be computed in float32.

    Raises:
        ValueError: It is out of range, or needs the reference engine.
    """
    if not float32_is_enough(check_eps(eps)):
        raise ValueError(f"eps is {eps}, for which float32 is not enough; the reference engine alone has float64.")
    return eps
