"""The figures of ``rerank.visible`` as tables: nothing but what their JSON file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdemd.repro.markdown import markdown_table
from fdemd.settings.ranking import Visible

Facts = Mapping[str, Any]
CHOSEN: Visible = "partial"
"""The way that is judged on people who played no part."""
WAYS: Mapping[str, tuple[Visible, str]] = {
    "alike": ("ignored", "ignored"),
    "mass": ("mass", "estimated"),
    "partial": ("partial", "estimated"),
    "mass, known": ("mass", "known"),
    "partial, known": ("partial", "known"),
}
"""Name of a column -> ``rerank.visible``, and who says what is covered."""


def chosen_table(networks: Sequence[Facts]) -> list[str]:
    """A line a network and kind of cover that the form was chosen on, a column a way to treat covered patches."""
    return _table(networks, "chosen on")


def judged_table(networks: Sequence[Facts]) -> list[str]:
    """A line a network and kind of query of people who played no part."""
    return _table(networks, "judged on")


def _table(networks: Sequence[Facts], part: str) -> list[str]:
    rows = [(network["network"], row) for network in networks for row in network[part]]
    ways = list(rows[0][1]["figures"])
    return markdown_table(
        ["network", "query (number)", *ways],
        [[network, f"{row['query']} ({row['queries']})", *(_cell(row, way) for way in ways)] for network, row in rows],
    )


def _cell(row: Facts, way: str) -> str:
    found, best = row["figures"][way], row["best alpha"].get(way.removeprefix("best fixed, "))
    return f"{found['P@1']:.1f} / {found['RP']:.1f}" + (f" ({best:g})" if best is not None else "")
