"""The methods of a study by their settings, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
SETTINGS = ("weighting", "patches", "grid", "alpha", "k")
"""Columns of a row that hold the settings of its method; empty where a method has no such setting."""


def method_label(row: Row, names: Sequence[str]) -> str:
    """Return a method's name and those of its settings that are called ``names``.

    >>> method_label({"method": "emd", "weighting": "apc", "alpha": 0.7}, ["weighting", "alpha"])
    'emd apc alpha 0.7'
    """
    known = [name for name in names if row[name] != ""]
    words = (f"{name} {row[name]}" if name in ("alpha", "k") else row[name] for name in known)
    return " ".join([row["method"], *words])


def differing(rows: Sequence[Row], names: Sequence[str] = SETTINGS) -> list[str]:
    """Return those of some columns in which the methods of the rows differ; stage 1 has no settings."""
    return [name for name in names if len({str(row[name]) for row in rows if row["weighting"]}) > 1]
