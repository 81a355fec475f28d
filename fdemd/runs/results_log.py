"""Logging the results of an evaluation: what is logged is what lies in the files of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fdemd.runs.loggers import RunLog
from fdemd.runs.terms import terms

_TABLES = ("results", "rejection")
_METHOD = ("method", "weighting", "patches", "grid", "alpha", "k")
_NAMED_BY = (
    "model",
    "data",
    "weights",
    "align",
    "query",
    "protocol",
    "stage",
    "similarity",
    "training",
    "measure",
    "confidence",
    *_METHOD,
)
"""Columns of ``results.json`` that say what a row's figures are of, in the order of their names."""


def log_results(log: RunLog, step: int = 0) -> None:
    """Log a finished run: figures by name, everything as a table, the facts as config, and the picture if asked for.

    Needs ``results.json`` in the run's folder, as the reports write it.

    Args:
        log: Log of the run.
        step: Training step that the results belong to; None if there is none.
    """
    facts = json.loads((log.folder / "results.json").read_text(encoding="utf-8"))
    tables = {name: rows for name in _TABLES if (rows := facts.pop(name, []))}
    log.facts({"facts": facts | {"data": facts["data"] | {"terms": terms(facts["data"]["name"])}}})
    for name, rows in tables.items():  # a training without held-out people has none
        log.metrics({figure: value for row in rows for figure, value in _figures(row).items()}, step)
        log.table(name, list(rows[0]), [list(row.values()) for row in rows], step)
    for picture in sorted(log.folder.glob("*.png")):
        log.picture(picture.stem, picture, step)


def _figures(row: Mapping[str, Any]) -> dict[str, float]:
    """``mask/leave-twin-out/stage2/P@1`` -> percent; no counts, no ends of intervals, nothing without a query."""
    words = [str(row[column]).replace(" ", "") for column in _NAMED_BY if row.get(column, "") != ""]
    return {
        f"{'/'.join(words)}/{figure}": value
        for figure, value in row.items()
        if isinstance(value, float) and figure not in _NAMED_BY and not figure.endswith((" low", " high", " sd"))
    }
