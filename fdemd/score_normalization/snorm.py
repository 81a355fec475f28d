"""Adaptive symmetric score normalization (s-norm), the baseline, of speaker verification (Cumani et al. 2011)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from fdemd.tensors.checks import check_broadcast

SMALLEST_DEVIATION = 1e-3
"""Cosines of a support set that differ less count as differing by this: those of equal faces would divide by 0."""


class Scale(NamedTuple):
    """Mean and deviation of a cohort's own cosines, which bring normalized scores back to the range of cosines."""

    mean: float
    deviation: float


def symmetric_norm(cosine: Tensor, mean: tuple[Tensor, Tensor], deviation: tuple[Tensor, Tensor]) -> Tensor:
    """Return the normalized similarity ``((s - mu_x) / sigma_x + (s - mu_y) / sigma_y) / 2``.

    Args:
        cosine: Cosines ``s(x, y)`` of any shape.
        mean: Means ``mu_x`` and ``mu_y`` of the cosines to both support sets; they broadcast to ``cosine``.
        deviation: Deviations ``sigma_x`` and ``sigma_y``, likewise; at least :data:`SMALLEST_DEVIATION` is taken.

    Raises:
        ValueError: Shapes do not go together, or tensors are of another type.

    Example:
        >>> import torch
        >>> half = torch.tensor(0.5)
        >>> symmetric_norm(torch.tensor(1.0), (half, half), (half, half))
        tensor(1.)
    """
    given = (cosine, *mean, *deviation)
    check_broadcast(dict(zip(("cosine", "mu_x", "mu_y", "sigma_x", "sigma_y"), given, strict=True)))
    parts = [(cosine - mu) / sigma.clamp_min(SMALLEST_DEVIATION) for mu, sigma in zip(mean, deviation, strict=True)]
    return (parts[0] + parts[1]) / 2


def mix_normalized(cosine: Tensor, normalized: Tensor, scale: Scale, strength: float) -> Tensor:
    """Return ``(1 - strength) * s + strength * (mu + sigma * normalized)``; strength 0 gives the cosine, bit for bit.

    The cohort's mu and sigma change no ranking by the normalized scores; they let these be mixed with other cosines.

    Args:
        cosine: Cosines ``s(x, y)`` of any shape.
        normalized: Normalized similarities in the same shape.
        scale: The cohort's mu and sigma.
        strength: Share of the normalized scores, in [0, 1]; 1 ranks by them alone.

    Raises:
        ValueError: Shapes do not go together, or tensors are of another type.
    """
    check_broadcast({"cosine": cosine, "normalized": normalized})
    return (1 - strength) * cosine + strength * (scale.mean + scale.deviation * normalized)
