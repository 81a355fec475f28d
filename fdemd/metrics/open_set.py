"""Open-set identification: most people who are searched for may be unknown (NIST FRVT 1:N; ISO/IEC 19795-1).

A *mated* search is of a person in the gallery, a *non-mated* one of a person outside it. A search whose face was not
found has no candidates: both kinds stay in the denominators, with a score of minus infinity.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from fdemd.tensors.checks import checked


@checked(hits="bool M L", scores="rank M L")
def mated_scores(hits: Tensor, scores: Tensor, rank: int) -> Tensor:
    """Return the score that decides each mated search: the best of the right person's within the first ``rank`` places.

    Args:
        hits: Boolean ``(M, L)``, right or wrong at each place.
        scores: ``(M, L)``, descending within the first ``rank`` places.
        rank: R; at 0 or below nobody is found.

    Returns:
        ``(M,)`` float64; minus infinity where the person is not within the first ``rank`` places.
    """
    rank = max(0, rank)
    first = scores[:, :rank].double().masked_fill(~hits[:, :rank], -torch.inf)
    return torch.cat([first, first.new_full((len(first), 1), -torch.inf)], dim=1).amax(1)


def searches_needed(rate: float) -> int:
    """Non-mated searches of which an FPIR of ``rate`` allows one; with fewer it cannot be told from 0.

    Raises:
        ValueError: the rate is not in (0, 1).
    """
    if not 0 < rate < 1:
        raise ValueError(f"A rate is between 0 and 1, not {rate}.")
    return math.ceil(1 / rate - 1e-9)


@checked(nonmated="rank S")
def threshold_at_fpir(nonmated: Tensor, rate: float) -> float | None:
    """Return the lowest threshold with an FPIR of at most ``rate``; equal scores are all accepted or all rejected.

    Args:
        nonmated: Best score of each non-mated search ``(S,)``.
        rate: Rate that is allowed, in (0, 1).

    Returns:
        A finite threshold; None if there are fewer searches than :func:`searches_needed`.
    """
    if len(nonmated) < searches_needed(rate):
        return None
    allowed = min(math.floor(rate * len(nonmated) + 1e-9), len(nonmated) - 1)
    first_rejected = nonmated.double().sort(descending=True).values[allowed]
    return float(torch.nextafter(first_rejected, first_rejected.new_tensor(torch.inf)))


class DetCurve(NamedTuple):
    """Detection error trade-off, one point a threshold, ``(T,)`` float64: thresholds and FNIR ascend, FPIR descends."""

    threshold: Tensor
    fpir: Tensor
    fnir: Tensor


@checked(mated="rank M", nonmated="rank S")
def det_curve(mated: Tensor, nonmated: Tensor) -> DetCurve:
    """Return FPIR and FNIR at every score that occurs and above the highest.

    Args:
        mated: :func:`mated_scores`, ``(M,)``.
        nonmated: Best score of each non-mated search, ``(S,)``.

    Raises:
        ValueError: no score is finite.
    """
    if not (mated.isfinite().any() or nonmated.isfinite().any()):
        raise ValueError("No search has a score, so that there is no threshold.")
    mated, nonmated = mated.double().sort().values, nonmated.double().sort().values
    levels = torch.cat([mated, nonmated]).unique()
    levels = levels[levels.isfinite()]
    levels = torch.cat([levels, torch.nextafter(levels[-1:], levels.new_tensor([torch.inf]))])
    missed = torch.searchsorted(mated, levels).double() / len(mated)
    accepted = 1 - torch.searchsorted(nonmated, levels).double() / len(nonmated)
    return DetCurve(levels, accepted, missed)
