"""The files that every report leaves behind: tables as Markdown and CSV, facts as JSON, settings as YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from fdemd.files.writing import write_text
from fdemd.report.table import Table, print_tables
from fdemd.runs.files import SETTINGS, versions, write_csv, write_json, write_left_out, write_yaml
from fdemd.settings.section import Section

LeftOut = tuple[str, str, str]
"""A file that was not used: path, problem and reason."""


def publish(
    folder: Path,
    settings: Section,
    *,
    tables: Sequence[Table],
    rows: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
    left_out: Iterable[LeftOut] | None = None,
    name: str = "results",
) -> None:
    """Print the tables of a run and write ``NAME.md``, ``.csv`` and ``.json``, ``config.yaml`` and ``left_out.csv``.

    Args:
        folder: Existing folder of the run.
        settings: Settings of the run.
        tables: Tables for readers.
        rows: The figures in full, one flat row a figure; without any no CSV is written.
        facts: What decided the figures, for programs; keys are identifiers.
        left_out: Files that were not used; None writes no list of them.
        name: Stem of the first three files.

    Raises:
        InputError: A file cannot be written.
    """
    write_tables(folder / f"{name}.md", tables)
    if rows:
        write_csv(folder / f"{name}.csv", rows)
    write_facts(folder / f"{name}.json", {**facts, "results": list(rows)})
    write_yaml(folder / SETTINGS, settings.plain())
    if left_out is not None:
        write_left_out(folder / "left_out.csv", left_out)


def write_tables(path: Path, tables: Sequence[Table]) -> None:
    """Print tables, and write them as Markdown."""
    print_tables(tables)
    write_text(path, "\n".join(table.markdown() for table in tables))


def write_facts(path: Path, facts: Mapping[str, Any]) -> None:
    """Write facts as JSON, between the time of writing and the versions of the software."""
    written = datetime.now().astimezone().isoformat(timespec="seconds")
    body = dict(facts)
    results = {"results": body.pop("results")} if "results" in body else {}
    write_json(path, {"written": written, **body, "versions": versions(), **results})


def rounded_seconds(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of each step of a run with two digits."""
    return {step: round(taken, 2) for step, taken in seconds.items()}
