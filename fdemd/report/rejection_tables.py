"""What scales of faces are worth, as tables over several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdemd.metrics.spread import spread_of
from fdemd.report.cells import spread_in, spread_text
from fdemd.report.rejection import SHOWN_PORTIONS, rejection_rows, rejections_of
from fdemd.report.table import Cells, Table
from fdemd.scoring.closed_set import STAGE_1
from fdemd.scoring.rejection import NORM, PORTIONS, SHARES, Rejection
from fdemd.scoring.trial import Trial

_SHOWN_SHARES = (0, 5, 10, 15, 20)
"""Places in SHARES (0, 25, 50, 75, 100 %) that tables show."""
_ORACLE = "oracle: rejects mistakes first, the best possible."
_QUERIES = f"{_ORACLE} Queries of all kinds together; area: mean over every coverage, from one query to all."
_PAIRS = f"{_ORACLE} Half of the pairs show one person; thresholds chosen anew; area: mean over 0 to 50 % rejected."


def spread_note(seeds: int) -> str:
    """Return what the numbers of a table are, before a full stop; nothing for a single seed, which has no spread."""
    return ", mean +- standard deviation over seeds" if seeds > 1 else ""


def rejection_tables(trials: Sequence[Trial]) -> list[Table]:
    """Return the tables of every training with a scale head."""
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
            tables.append(Table(title, [_area_cells(row) for row in chosen], ("least sure by",), [note, counts]))
        tables += [_scales(training, found), _similarity(training, found)]
        if found[0].reranked:
            tables.append(_reranked(training, found))
        if all(each.templates for each in found):
            tables.append(_templates(training, found))
    return tables


def _each(found: Sequence[Rejection], count: str) -> str:
    return ", ".join(str(getattr(each, count)) for each in found)


def _area_cells(row: Mapping[str, Any]) -> Cells:
    names = ["area", *(f"{100 * PORTIONS[place]:.0f} % rejected" for place in SHOWN_PORTIONS)]
    cells = {name.removesuffix(" rejected"): spread_text(spread_in(row, name)) for name in names}
    return {"least sure by": row["confidence"], **cells}


def _scales(training: str, found: Sequence[Rejection]) -> Table:
    def text(values: Sequence[float]) -> str:
        return spread_text(spread_of([value / 100 for value in values]), digits=2)

    cells = [
        {
            "query": kind,
            "scale": text([each.scale[kind] for each in found]),
            "logit": text([each.logit[kind] for each in found]),
        }
        for kind in found[0].scale
    ]
    note = f"Mean over the faces of a kind{spread_note(len(found))}. logit: before the sigmoid."
    return Table(f"{training}: mean scale", cells, ("query",), [note])


def _similarity(training: str, found: Sequence[Rejection]) -> Table:
    cells = [
        {"similarity": name}
        | {
            f"TAR at FAR {far:g}": spread_text(spread_of([each.similarity[name][far] for each in found]))
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
    return Table(f"{training}: similarity of pairs", cells, ("similarity",), [note])


def _reranked(training: str, found: Sequence[Rejection]) -> Table:
    cells = [
        {"least sure by": name}
        | {
            f"{100 * SHARES[place]:.0f} %": spread_text(
                spread_of([float(each.reranked[name][place]) for each in found])
            )
            for place in _SHOWN_SHARES
        }
        for name in found[0].reranked
    ]
    note = "P@1 of all queries if the least sure share of them is re-ranked (0 %: stage 1, 100 %: stage 2)."
    return Table(f"{training}: which queries to re-rank", cells, ("least sure by",), [note])


def _templates(training: str, found: Sequence[Rejection]) -> Table:
    cells = [
        {"joined by": name, "P@1": spread_text(spread_of([each.templates[name] for each in found]))}
        for name in found[0].templates
    ]
    note = (
        "Templates of four queries of a person, of any kind, searched for among the other half of the photographs. "
        "mean: of unit embeddings; norm, scale: weighted by it."
    )
    return Table(f"{training}: templates", cells, ("joined by",), [note])
