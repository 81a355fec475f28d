"""Sets of weights compared over several runs: mean and deviation of every figure, and the gain run by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fdemd.metrics.identification import IDENTIFICATION
from fdemd.metrics.spread import Spread, spread_of
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison

FIRST_FIGURE = next(iter(IDENTIFICATION))
"""The figure of which a gain is told: P@1."""


@dataclass(frozen=True)
class WeightsFigures:
    """What one set of weights gave over several runs, for one kind of query, protocol and stage.

    Attributes:
        protocol: Protocol that was measured.
        kind: Kind of query.
        weights: Name of the set of weights.
        stage: Stage of the ranking.
        figures: ``P@1``, ``RP``, ``MAP@R`` -> mean and deviation over the runs.
        first: P@1 of each run, in [0, 1]; NaN where there was no query.
        gain: By how much P@1 is above that of the first stage of the baseline weights, run by run.
    """

    protocol: str
    kind: str
    weights: str
    stage: str
    figures: Mapping[str, Spread]
    first: tuple[float, ...]
    gain: Spread


def compare_weights(runs: Mapping[str, Sequence[Sequence[Comparison]]], baseline: str) -> list[WeightsFigures]:
    """Compare sets of weights over their runs.

    Args:
        runs: Set of weights -> the comparisons of each run, in the same order of kinds and protocols everywhere.
        baseline: The set of weights that gains are above; it has one run, or as many as each other set.
    """
    found = []
    for number, named in enumerate(runs[baseline][0]):
        before = [_mean(run[number], STAGE_1, FIRST_FIGURE) for run in runs[baseline]]
        for weights, of_weights in runs.items():
            for stage in (stage for stage in (STAGE_1, STAGE_2) if stage in named.figures):
                first = [_mean(run[number], stage, FIRST_FIGURE) for run in of_weights]
                above = before if len(before) == len(first) else before * len(first)
                found.append(
                    WeightsFigures(
                        named.protocol,
                        named.kind,
                        weights,
                        stage,
                        {
                            name: spread_of([_mean(run[number], stage, name) for run in of_weights])
                            for name in named.figures[stage]
                        },
                        tuple(first),
                        spread_of([now - then for now, then in zip(first, above, strict=True)]),
                    )
                )
    return found


def _mean(comparison: Comparison, stage: str, name: str) -> float:
    return comparison.figures[stage][name].mean
