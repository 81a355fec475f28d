"""What scales of faces are worth, over several seeds: curves, and rows for programs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from fdemd.metrics.spread import spread_of
from fdemd.report.cells import rounded, spread_columns
from fdemd.scoring.rejection import PORTIONS, SHARES, Rejection
from fdemd.scoring.trial import Trial

SHOWN_PORTIONS = (0, 5, 10, 25)
"""Places in PORTIONS (0, 10, 20, 50 %) that tables show."""


def rejections_of(trials: Sequence[Trial]) -> dict[str, list[Rejection]]:
    """Return what each seed gave, by the name of the training."""
    names = dict.fromkeys(name for trial in trials for name in trial.rejections)
    return {name: [trial.rejections[name] for trial in trials] for name in names}


def curves_of(found: Sequence[Rejection]) -> dict[tuple[str, str], list[Tensor]]:
    """Return a curve over :data:`PORTIONS` a seed, by what is measured and the confidence."""
    first = found[0]
    curves = {
        (f"P@1, {stage}", name): [each.answered[stage][name] for each in found]
        for stage, named in first.answered.items()
        for name in named
    }
    return curves | {
        (f"TAR at FAR {far:g}", name): [each.accepted[far][name] for each in found]
        for far, named in first.accepted.items()
        for name in named
    }


def rejection_rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return a flat row a training, measure and confidence: areas, and rates at some portions rejected, in percent."""
    rows = []
    for training, found in rejections_of(trials).items():
        curves = curves_of(found)
        for (measure, name), areas in _areas(found):
            row: dict[str, Any] = {"training": training, "measure": measure, "confidence": name}
            row |= spread_columns("area", spread_of(areas))
            row |= {f"area, seed {trial.seed}": rounded(area) for trial, area in zip(trials, areas, strict=True)}
            for place in SHOWN_PORTIONS:
                rates = [float(curve[place]) for curve in curves[measure, name]]
                row |= spread_columns(f"{100 * PORTIONS[place]:.0f} % rejected", spread_of(rates))
            rows.append(row)
    return rows


def _areas(found: Sequence[Rejection]) -> Iterator[tuple[tuple[str, str], list[float]]]:
    first = found[0]
    for stage, named in first.answered_area.items():
        for name in named:
            yield (f"P@1, {stage}", name), [each.answered_area[stage][name] for each in found]
    for far, named in first.accepted_area.items():
        for name in named:
            yield (f"TAR at FAR {far:g}", name), [each.accepted_area[far][name] for each in found]


def rejection_curves(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return every seed's curves, to be drawn anew; None where a curve has no figure."""
    curves = []
    for training, found in rejections_of(trials).items():
        for (measure, name), of_seeds in curves_of(found).items():
            what = {"training": training, "measure": measure, "confidence": name, "over": "share rejected"}
            curves.append(what | {"x": PORTIONS.tolist(), "y": [_without_nan(curve) for curve in of_seeds]})
        for name in found[0].reranked:
            what = {"training": training, "measure": "P@1", "confidence": name, "over": "share re-ranked"}
            curves.append(what | {"x": SHARES.tolist(), "y": [each.reranked[name].tolist() for each in found]})
    return curves


def _without_nan(curve: Tensor) -> list[float | None]:
    return [None if math.isnan(value) else value for value in curve.tolist()]
