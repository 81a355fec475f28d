"""The fitted rule of ``alpha=auto`` and its figures as Markdown: nothing but what its JSON file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdemd.repro.markdown import markdown_table

Facts = Mapping[str, Any]
_VISIBLE = 0.05
"""Of a loss where no fixed alpha gains anything, in points."""


def auto_alpha_page(facts: Facts) -> str:
    """The page.

    Args:
        facts: as ``python -m fdemd.repro.auto_alpha`` writes them.
    """
    versions, goal = facts["versions"], facts["goal"]
    lines = [
        "# alpha=auto: the rule and its figures",
        "",
        f"`{facts['command']}`, fdemd {versions.get('commit', versions['fdemd'])}, torch {versions['torch']}.",
        "",
        "## Rule",
        "",
        f"Bias {facts['rule']['bias']:.4f}.",
        "",
        *rule_table(facts["rule"]),
        "",
        "## Figures",
        "",
        f"{facts['unit']}. Protocol {facts['protocol']}. In the fit: whether the rule saw this second stage, on other "
        "people.",
        "",
        f"Of {goal['rows']} rows, {goal['within 0.1 point of stage 1 or above']} are within 0.1 point of stage 1 or "
        f"above it; of the {goal['rows with a gain']} in which a fixed alpha gains something, "
        f"{goal['at least 90 % of it']} have at least 90 % of the best gain.",
        "",
        *summary_table(facts["held out"]),
        "",
        "Cells: stage 1 -> auto (best fixed alpha). Each on its own:",
        "",
        *held_out_table(facts["held out"]),
        "",
    ]
    return "\n".join(lines)


def rule_table(rule: Facts) -> list[str]:
    """A line a statistic: mean and deviation where the rule was fitted, and coefficient."""
    rows = [
        [name, *(f"{term[column]:.4f}" for column in ("mean", "deviation", "coefficient"))]
        for name, term in rule["statistics"].items()
    ]
    return markdown_table(["statistic", "mean", "deviation", "coefficient"], rows)


def summary_table(rows: Sequence[Facts]) -> list[str]:
    """A line a second stage and data set, a column a kind of query: stage 1 -> auto (best fixed alpha)."""
    cells: dict[str, list[str]] = {}
    for row in rows:
        cell = f"{row['stage 1']:.1f} -> {row['auto']:.1f} ({row['best fixed']:.1f})"
        cells.setdefault(_second_stage(row), []).append(cell)
    kinds = dict.fromkeys(row["query"] for row in rows)
    return markdown_table(
        ["data, network, patches, weighting", *kinds], [[name, *each] for name, each in cells.items()]
    )


def held_out_table(rows: Sequence[Facts]) -> list[str]:
    """A line a kind of query of each second stage and data set; P@1 in percent."""
    header = [
        "data, network, patches, weighting",
        "in the fit",
        "query (number)",
        "stage 1",
        "alpha 0.7",
        "best of 0, 0.1 ... 1 (alpha)",
        "auto",
        "share of the best gain",
    ]
    return markdown_table(header, [_cells(row) for row in rows])


def _cells(row: Facts) -> list[str]:
    share = row["share of the best gain"]
    lost = share < 0 if share is not None else row["stage 1"] - row["auto"] > _VISIBLE
    return [
        _second_stage(row),
        "yes" if row["in the fit"] else "no",
        f"{row['query']} ({row['queries']})",
        f"{row['stage 1']:.1f}",
        f"{row['alpha 0.7']:.1f}",
        f"{row['best fixed']:.1f} ({row['best alpha']})",
        f"{row['auto']:.1f}",
        "loss" if lost else "" if share is None else f"{share} %",
    ]


def _second_stage(row: Facts) -> str:
    return ", ".join(row[name] for name in ("data", "network", "patches", "weighting"))
