"""Error rates of searches in an open set: the whole curve, and the points at which thresholds were set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from fdemd.metrics.intervals import Estimate, bootstrap_by_identity
from fdemd.metrics.open_set import DetCurve, det_curve


class OperatingPoint(NamedTuple):
    """Both error rates at one threshold.

    Attributes:
        threshold: Score from which on a face is accepted.
        fnir: False negative identification rate in [0, 1] with its interval over people, the threshold held fixed.
        fpir: False positive identification rate, likewise.
    """

    threshold: float
    fnir: Estimate
    fpir: Estimate


@dataclass(frozen=True)
class ErrorRates:
    """Both error rates of one stage, for one kind of query under one protocol.

    Attributes:
        curve: Detection error trade-off over all thresholds.
        points: Rates at each threshold that was set; None where there are too few non-mated searches to set one.
    """

    curve: DetCurve
    points: tuple[OperatingPoint | None, ...]


def measure_error_rates(
    mated: Tensor,
    mated_identity: Tensor,
    nonmated: Tensor,
    nonmated_identity: Tensor,
    thresholds: Sequence[float | None],
    seed: int,
) -> ErrorRates:
    """Measure both error rates of one stage.

    Args:
        mated: ``(M,)`` scores that decide the searches for people in the gallery.
        mated_identity: ``(M,)`` person of each of them.
        nonmated: ``(N,)`` scores that decide the searches for people outside.
        nonmated_identity: ``(N,)`` person of each of them.
        thresholds: Thresholds to measure at; None gives no point.
        seed: Seed of the bootstrap.
    """

    def at(threshold: float) -> OperatingPoint:
        rejected, accepted = (mated < threshold).double(), (nonmated >= threshold).double()
        return OperatingPoint(
            threshold,
            bootstrap_by_identity(rejected, mated_identity, seed=seed),
            bootstrap_by_identity(accepted, nonmated_identity, seed=seed),
        )

    points = tuple(None if threshold is None else at(threshold) for threshold in thresholds)
    return ErrorRates(det_curve(mated, nonmated), points)
