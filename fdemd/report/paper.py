"""The figures that DeepFace-EMD reports, to stand beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fdemd.errors import unknown
from fdemd.metrics.identification import IDENTIFICATION

PAPER = (
    "H. Phan, A. Nguyen, DeepFace-EMD, CVPR 2022. Its queries' own photographs stay in the gallery (protocol "
    "official), and on LFW against LFW R counts the query itself, so that RP and MAP@R cannot reach 100. Its masks, "
    "sunglasses and crops are not ours."
)
_NAMED_BY = ("model", "data", "query", "protocol", "method", "weighting", "grid")


@cache
def _tables() -> dict[str, list[dict[str, Any]]]:
    text = (Path(__file__).parent / "paper.yaml").read_text(encoding="utf-8")
    return {
        table: [dict(zip((*_NAMED_BY, *IDENTIFICATION), row, strict=True)) for row in rows]
        for table, rows in yaml.safe_load(text).items()
    }


def paper_rows(table: str | None) -> list[dict[str, Any]]:
    """Return the rows of one table of the paper, in percent; none for ``None``.

    Raises:
        InputError: There is no such table.
    """
    if table is None:
        return []
    if table not in _tables():
        raise unknown("table of the paper", table, _tables())
    return _tables()[table]


def paper_cells(table: str | None) -> list[dict[str, str]]:
    """Return the same as cells of a table."""
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in paper_rows(table)]


def compared_with_paper(rows: Sequence[Mapping[str, Any]], table: str | None) -> list[dict[str, Any]]:
    """Return our rows with the paper's P@1 and the difference, where it has the same network, data, query and method.

    Other figures are not compared: they depend on how R is counted. No column is added for ``None``.
    """
    if table is None:
        return [dict(row) for row in rows]
    known = {tuple(row[name] for name in _NAMED_BY): row["P@1"] for row in paper_rows(table)}
    compared = []
    for row in rows:
        paper = known.get(tuple(row[name] for name in _NAMED_BY))
        difference = None if paper is None or row["P@1"] is None else round(row["P@1"] - paper, 4)
        compared.append({**row, "paper P@1": paper, "difference P@1": difference})
    return compared
