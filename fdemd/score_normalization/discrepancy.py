"""The discrepancy of IDA (arXiv 2103.01559; our reading of the abstract): who resembles everybody counts less."""

from __future__ import annotations

from torch import Tensor

from fdemd.tensors.checks import check_broadcast


def subtract_discrepancy(cosine: Tensor, one: Tensor, other: Tensor, strength: float) -> Tensor:
    """Return ``s(x, y) - strength * (d(x) + d(y)) / 2``; strength 0 gives the cosine, bit for bit.

    Args:
        cosine: Cosines ``s(x, y)`` of any shape.
        one: Discrepancies ``d(x)``, the mean cosine of each face to its support set; they broadcast to ``cosine``.
        other: Discrepancies ``d(y)``, likewise.
        strength: Factor of the mean discrepancy, 0 or more; 1 is half of the CSLS of Conneau et al. 2018.

    Returns:
        Normalized cosines in the shape of ``cosine``.

    Raises:
        ValueError: Shapes do not go together, or tensors are of another type.

    Example:
        >>> import torch
        >>> subtract_discrepancy(torch.tensor(0.5), torch.tensor(0.25), torch.tensor(0.75), strength=0.5)
        tensor(0.2500)
    """
    check_broadcast({"cosine": cosine, "one": one, "other": other})
    return cosine - strength * (one + other) / 2
