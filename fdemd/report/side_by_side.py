"""The runs of a sweep side by side: what stage 2 makes of stage 1 in each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fdemd.report.cells import NO_QUERY
from fdemd.report.identification import IdentificationReport
from fdemd.report.table import Cells, Table
from fdemd.retrieval.protocol import LEAVE_ONE_OUT
from fdemd.scoring.closed_set import STAGE_1, STAGE_2, Comparison

RUN = "run"


def side_by_side(labels: Sequence[str], reports: Sequence[IdentificationReport]) -> list[Table]:
    """Return a table a protocol, with a line a run and a column a kind of query.

    A cell holds the first figure that the runs were asked for, in percent, by stage 1 and by stage 2. Intervals are in
    the tables of each run.

    Args:
        labels: What each run is called: the settings in which it differs from the others.
        reports: What each run gave.
    """
    metric = reports[0].settings.metrics[0]
    tables = []
    for protocol in _protocols(reports):
        lines = [
            _line(label, report.comparisons, protocol, metric) for label, report in zip(labels, reports, strict=True)
        ]
        kinds = list(dict.fromkeys(kind for line in lines for kind in line))
        cells: list[Cells] = [{kind: line.get(kind, "") for kind in kinds} for line in lines]
        note = f"{metric} in percent, stage 1 -> stage 2; clean queries {LEAVE_ONE_OUT}."
        tables.append(Table(f"Side by side, protocol {protocol}", cells, words=(RUN,), notes=[note]))
    return tables


def _protocols(reports: Sequence[IdentificationReport]) -> list[str]:
    """The protocols of occluded queries; leave-one-out if there are clean queries only."""
    found = dict.fromkeys(each.protocol for report in reports for each in report.comparisons)
    return [protocol for protocol in found if protocol != LEAVE_ONE_OUT] or list(found)


def _line(label: str, comparisons: Sequence[Comparison], protocol: str, metric: str) -> dict[str, str]:
    chosen = [each for each in comparisons if each.protocol in (protocol, LEAVE_ONE_OUT)]
    return {RUN: label, **{each.kind: _cell(each, metric) for each in chosen}}


def _cell(comparison: Comparison, metric: str) -> str:
    means = [
        100 * comparison.figures[stage][metric].mean for stage in (STAGE_1, STAGE_2) if stage in comparison.figures
    ]
    return " -> ".join(NO_QUERY if math.isnan(mean) else f"{mean:.1f}" for mean in means)
