"""Discrepancy alignment (DAO, arXiv 2103.01559; our reading of the abstract): who resembles everybody counts less."""

from __future__ import annotations

from torch import Tensor

from fdemd.tensors.checks import check_broadcast


def discrepancy_aligned(cosine: Tensor, one: Tensor, other: Tensor, strength: float) -> Tensor:
    """Aligned similarity ``s(x, y) - strength * (d(x) + d(y)) / 2``; strength 0 gives the cosine, bit for bit.

    Args:
        cosine: s(x, y), of any shape.
        one: discrepancies d(x), which broadcast to it.
        other: discrepancies d(y), likewise.
        strength: 0 or more; with 1 it is half of the CSLS of Conneau et al. 2018.

    Raises:
        ValueError: shapes that do not go together, or tensors of another type.
    """
    check_broadcast({"cosine": cosine, "one": one, "other": other})
    return cosine - strength * (one + other) / 2
