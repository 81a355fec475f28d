"""RESULTS.md: nothing but what the JSON files beside it say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdemd.metrics.identification import IDENTIFICATION
from fdemd.report.methods import differing, method_label
from fdemd.repro.trust_page import figures_table

Facts = Mapping[str, Any]
_HEAD = """# Results

Every number here is in a JSON file in `results/`, of which this page is made: `make results LFW=DIR WEIGHTS=DIR` (the
folder of `lfw-deepfunneled.tar`, the folder of the weight files) measures them anew. Cells: P@1 (95 % interval,
bootstrap over people) / R-Precision / MAP@R, in percent. *maximum*: the best that re-ranking the first k could do.
Occlusions are drawn on aligned faces, so that what a detector would miss is not in these figures. `DATA` in a command
is the folder of the prepared faces, `WEIGHTS` that of the weights. *faces*, *weights*: how their sha256 begins. With
faces aligned in another way figures differ by tenths; another processor may round pixels differently, which moved them
by hundredths.

| protocol | a query may be compared with |
| --- | --- |
| `leave-one-out` | (clean) every photograph but itself |
| `leave-twin-out` | every photograph but the one that the query was made from |
| `official` | every photograph, as in the published evaluation: finding the very same photograph counts |
"""


def results_page(files: Mapping[str, Facts], conclusions: str = "", trust: Facts | None = None) -> str:
    """The page.

    Args:
        files: name of a JSON file, without its ending -> its content, in the order of the page.
        conclusions: what a person reads off the tables, in words.
        trust: figures of ``alpha=calibrated``, as ``python -m fdemd.repro.trust`` writes them; None leaves them out.
    """
    sections = [_section(name, facts) for name, facts in files.items()]
    calibrated = [] if trust is None else [_calibrated(trust)]
    return "\n".join([_HEAD, conclusions, *calibrated, *sections, _times(files)])


def _calibrated(facts: Facts) -> str:
    rows = [row for network in facts["networks"] for row in network["rows"]]
    return "\n".join(
        [
            "## alpha=calibrated: people who played no part",
            "",
            f"`{facts['command']}`",
            "",
            "The alpha of a query follows what an estimator sees of its face ([docs/trust.md](docs/trust.md)), "
            "fitted on half of the people. These are others, fewer than below: no cell belongs beside one there. "
            "Measured on "
            f"{facts['measured on']}. Protocol {facts['protocol']}. P@1 / R-Precision; *kept*: share of the best fixed "
            "alpha's gain in P@1, where that is 1 point or more. fdemd "
            f"{facts['versions'].get('commit', facts['versions']['fdemd'])}, torch {facts['versions']['torch']}. "
            "`results/trust.json`.",
            "",
            *figures_table(rows),
            "",
        ]
    )


def _section(name: str, facts: Facts) -> str:
    (point,) = facts["points"]
    rerank = facts["rerank"]
    lines = [f"## {facts['title']}", "", f"`{facts['command']}`", ""]
    lines += [
        f"{point['photographs']} photographs of {point['people']} people, {point['gallery']} in the gallery, "
        f"{point['queries_a_kind']} of {point['of']} queries a kind. Left out: {point['unreadable']} unreadable, "
        f"{point['no_face_found']} without a face found, {point['ignored']} other files. Seed {facts['seed']}, eps "
        f"{rerank['eps']}, tolerance {rerank['tolerance']}, patches in {facts['patch_precision']}, faces "
        f"{point['data_sha256'][:12]}, weights {point['weights_sha256'][:12]}, fdemd "
        f"{facts['versions'].get('commit', facts['versions']['fdemd'])}, torch {facts['versions']['torch']}. "
        f"`results/{name}.json`.",
        "",
    ]
    rows = facts["results"]
    for protocol in dict.fromkeys(row["protocol"] for row in rows):
        lines += [f"**{protocol}**", "", *_table([row for row in rows if row["protocol"] == protocol]), ""]
    return "\n".join(lines)


def _table(rows: Sequence[Facts]) -> list[str]:
    kinds = list(dict.fromkeys(row["query"] for row in rows))
    cells: dict[str, dict[str, str]] = {}
    seconds: dict[str, list[float]] = {}
    shown = differing(rows)
    for row in rows:
        method = method_label(row, shown)
        cells.setdefault(method, {})[row["query"]] = _cell(row)
        if row["seconds"] is not None:
            seconds.setdefault(method, []).append(row["seconds"])
    counts = {row["query"]: row["queries"] for row in rows}
    header = ["method", *(f"{kind} ({counts[kind]})" for kind in kinds), "s a kind"]
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for method, of_kind in cells.items():
        times = seconds.get(method)
        took = f"{sum(times) / len(times):.1f}" if times else ""
        lines.append("| " + " | ".join([method, *(of_kind.get(kind, "") for kind in kinds), took]) + " |")
    return lines


def _cell(row: Facts) -> str:
    low, high = row["P@1 low"], row["P@1 high"]
    first, *others = (row[name] for name in IDENTIFICATION)
    return " / ".join([f"{first:.1f} ({low:.1f}-{high:.1f})", *(f"{value:.1f}" for value in others)])


def _times(files: Mapping[str, Facts]) -> str:
    lines = [
        "## What it took",
        "",
        "Seconds on two cores, in the run that wrote the JSON file: with features and similarities stored by an "
        "earlier run a step only ranks and judges. The column *s a kind* above is what the similarities of one kind of "
        "query took when they were computed, with making the patches where they are projected or pooled.",
        "",
        "| step | s |",
        "| --- | --- |",
    ]
    lines += [f"| {name} | {facts['took']} |" for name, facts in files.items()]
    lines.append(f"| all | {sum(facts['took'] for facts in files.values()):.1f} |")
    return "\n".join([*lines, ""])
