"""What scales of faces are worth, as rows and tables over several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from fdemd.report.page import TableBlock
from fdemd.report.spread import mean_and_deviation, spread_note, spread_text
from fdemd.scoring.closed_set import STAGE_1
from fdemd.scoring.rejection import NORM, PORTIONS, SHARES, Rejection
from fdemd.scoring.trial import Trial

_SHOWN_PORTIONS = (0, 5, 10, 25)
_SHOWN_SHARES = (0, 5, 10, 15, 20)
"""Places in PORTIONS (0, 10, 20, 50 %) and SHARES (0, 25, 50, 75, 100 %) that tables show."""

_ORACLE = "oracle: rejects mistakes first, the best possible."
_QUERIES = f"{_ORACLE} Queries of all kinds together; area: mean over every coverage, from one query to all."
_PAIRS = f"{_ORACLE} Half of the pairs show one person; thresholds chosen anew; area: mean over 0 to 50 % rejected."


def rejections_of(trials: Sequence[Trial]) -> dict[str, list[Rejection]]:
    """Name of a training -> what each seed gave."""
    names = dict.fromkeys(name for trial in trials for name in trial.rejections)
    return {name: [trial.rejections[name] for trial in trials] for name in names}


def curves_of(found: Sequence[Rejection]) -> dict[tuple[str, str], list[Tensor]]:
    """(what is measured, confidence) -> a curve over :data:`PORTIONS` a seed."""
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
    """One flat row a training, measure and confidence: areas, and rates at some rejected portions, in percent."""
    rows = []
    for training, found in rejections_of(trials).items():
        curves = curves_of(found)
        for (measure, name), areas in _areas(found):
            row: dict[str, Any] = {"training": training, "measure": measure, "confidence": name}
            row["area"], row["area sd"] = mean_and_deviation(areas)
            row |= {
                f"area, seed {trial.seed}": mean_and_deviation([area])[0]
                for trial, area in zip(trials, areas, strict=True)
            }
            for place in _SHOWN_PORTIONS:
                label = f"{100 * PORTIONS[place]:.0f} % rejected"
                rates = [float(curve[place]) for curve in curves[measure, name]]
                row[label], row[f"{label} sd"] = mean_and_deviation(rates)
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


def rejection_tables(trials: Sequence[Trial]) -> list[TableBlock]:
    """Tables of every training with a scale head."""
    rows, tables = rejection_rows(trials), []
    for training, found in rejections_of(trials).items():
        counts = (
            f"Queries a seed: {_each(found, 'queries')}, of these without a face found (wrong, rejected first) "
            f"{_each(found, 'missed')}; nobody to find (left out): {_each(found, 'lone')}; pairs of one person: "
            f"{_each(found, 'pairs')}."
        )
        if NORM not in found[0].answered[STAGE_1]:
            counts += " No feature norm: the network's embeddings all have the same length."
        for measure in dict.fromkeys(row["measure"] for row in rows):
            chosen = [row for row in rows if (row["training"], row["measure"]) == (training, measure)]
            title = f"{training}: {measure} of what is left, by share rejected"
            note = f"Percent{spread_note(len(found))}. {_PAIRS if measure.startswith('TAR') else _QUERIES}"
            tables.append(TableBlock(title, [_area_cells(row) for row in chosen], ("least sure by",), [note, counts]))
        tables += [_scales(training, found), _similarity(training, found)]
        if found[0].reranked:
            tables.append(_reranked(training, found))
        if all(each.templates for each in found):
            tables.append(_templates(training, found))
    return tables


def _each(found: Sequence[Rejection], count: str) -> str:
    return ", ".join(str(getattr(each, count)) for each in found)


def _area_cells(row: Mapping[str, Any]) -> dict[str, str]:
    names = ["area", *(f"{100 * PORTIONS[place]:.0f} % rejected" for place in _SHOWN_PORTIONS)]
    cells = {name.removesuffix(" rejected"): spread_text(row[name], row[f"{name} sd"]) for name in names}
    return {"least sure by": row["confidence"], **cells}


def _scales(training: str, found: Sequence[Rejection]) -> TableBlock:
    def text(values: Sequence[float]) -> str:
        return spread_text(*mean_and_deviation([value / 100 for value in values]), digits=2)

    cells = [
        {
            "query": kind,
            "scale": text([each.scale[kind] for each in found]),
            "logit": text([each.logit[kind] for each in found]),
        }
        for kind in found[0].scale
    ]
    note = f"Mean over the faces of a kind{spread_note(len(found))}. logit: before the sigmoid."
    return TableBlock(f"{training}: mean scale", cells, ("query",), [note])


def _similarity(training: str, found: Sequence[Rejection]) -> TableBlock:
    cells = [
        {"similarity": name}
        | {
            f"TAR at FAR {far:g}": spread_text(*mean_and_deviation([each.similarity[name][far] for each in found]))
            for far in rates
        }
        for name, rates in found[0].similarity.items()
        if all(name in each.similarity for each in found)
    ]
    note = "No pair is rejected."
    if shifts := [f"{each.mu:.4f}" for each in found if each.mu is not None]:
        note = (
            f"scaled: sqrt(s1 s2) (cosine - mu), mu of pairs of the people trained on: {', '.join(shifts)} (a network "
            f"that was trained too knows these people). {note}"
        )
    return TableBlock(f"{training}: similarity of pairs", cells, ("similarity",), [note])


def _reranked(training: str, found: Sequence[Rejection]) -> TableBlock:
    cells = [
        {"least sure by": name}
        | {
            f"{100 * SHARES[place]:.0f} %": spread_text(
                *mean_and_deviation([float(each.reranked[name][place]) for each in found])
            )
            for place in _SHOWN_SHARES
        }
        for name in found[0].reranked
    ]
    note = "P@1 of all queries if the least sure share of them is re-ranked (0 %: stage 1, 100 %: stage 2)."
    return TableBlock(f"{training}: which queries to re-rank", cells, ("least sure by",), [note])


def _templates(training: str, found: Sequence[Rejection]) -> TableBlock:
    cells = [
        {"joined by": name, "P@1": spread_text(*mean_and_deviation([each.templates[name] for each in found]))}
        for name in found[0].templates
    ]
    note = (
        "Templates of four queries of a person, of any kind, searched for among the other half of the photographs. "
        "mean: of unit embeddings; norm, scale: weighted by it."
    )
    return TableBlock(f"{training}: templates", cells, ("joined by",), [note])
