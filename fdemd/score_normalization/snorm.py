"""Adaptive symmetric score normalisation (s-norm), the baseline, of speaker verification (Cumani et al. 2011)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from fdemd.tensors.checks import check_broadcast

SMALLEST_DEVIATION = 1e-3
"""Cosines of a support set that differ less count as differing by this: those of equal faces would divide by 0."""


class Scale(NamedTuple):
    """Mean and deviation of a cohort's own cosines, which bring normalised scores back to the range of cosines."""

    mean: float
    deviation: float


def symmetric_norm(cosine: Tensor, mean: tuple[Tensor, Tensor], deviation: tuple[Tensor, Tensor]) -> Tensor:
    """Normalised similarity ``((s - mu_x) / sigma_x + (s - mu_y) / sigma_y) / 2``.

    Args:
        cosine: s(x, y), of any shape.
        mean: mu_x and mu_y of the support sets, which broadcast to it.
        deviation: sigma_x and sigma_y, likewise; at least :data:`SMALLEST_DEVIATION` is taken.

    Raises:
        ValueError: shapes that do not go together, or tensors of another type.
    """
    given = (cosine, *mean, *deviation)
    check_broadcast(dict(zip(("cosine", "mu_x", "mu_y", "sigma_x", "sigma_y"), given, strict=True)))
    parts = [(cosine - mu) / sigma.clamp_min(SMALLEST_DEVIATION) for mu, sigma in zip(mean, deviation, strict=True)]
    return (parts[0] + parts[1]) / 2


def mixed_in(cosine: Tensor, normalised: Tensor, scale: Scale, strength: float) -> Tensor:
    """``(1 - strength) * s + strength * (mu + sigma * normalised)``; strength 0 gives the cosine, bit for bit.

    The cohort's mu and sigma change no ranking by the normalised scores; they let these be mixed with other cosines.

    Args:
        cosine: s(x, y).
        normalised: of the same shape.
        scale: mu and sigma.
        strength: in [0, 1]; 1 ranks by the normalised scores alone.

    Raises:
        ValueError: shapes that do not go together, or tensors of another type.
    """
    check_broadcast({"cosine": cosine, "normalised": normalised})
    return (1 - strength) * cosine + strength * (scale.mean + scale.deviation * normalised)
