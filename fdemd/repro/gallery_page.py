"""The figures of the gallery on LFW as Markdown: nothing but what their JSON file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdemd.repro.markdown import markdown_table

Facts = Mapping[str, Any]


def gallery_page(facts: Facts) -> str:
    """Return the page.

    Args:
        facts: As ``python -m fdemd.repro.gallery`` writes them.
    """
    versions = facts["versions"]
    lines = [
        "# The gallery on LFW: figures",
        "",
        f"`{facts['command']}`, fdemd {versions.get('commit', versions['fdemd'])}, torch {versions['torch']}, detector "
        f"{facts['detector']}, seed {facts['seed']}. All figures in percent.",
        "",
        f"{facts['data']}.",
    ]
    for each in facts["networks"]:
        lines += [
            "",
            f"## {each['network']}, {each['people']:,} people",
            "",
            *rates_table(each["rows"]),
        ]
        if each["several"]:
            lines += [
                "",
                "Several photographs of a person, by the cosine alone; FNIR at thresholds that the same non-mated "
                "searches reach at these rates:",
                "",
                *several_table(each["several"]),
            ]
        if each["estimator"]:
            lines += ["", "What the estimator sees of people whom it was not fitted on:", ""]
            lines += estimator_table(each["estimator"])
    return "\n".join([*lines, ""])


def rates_table(rows: Sequence[Facts]) -> list[str]:
    """A line a kind of query and threshold: FPIR that came out with its interval, and FNIR, at each promised rate."""
    promised = [rate["promised"] for rate in rows[0]["rates"]]
    header = ["query", "threshold", "mated, others", "rank-1", *(f"FPIR and FNIR, promised {p:g}" for p in promised)]
    return markdown_table(header, [[*_row(row), *map(_rate, row["rates"])] for row in rows])


def several_table(rows: Sequence[Facts]) -> list[str]:
    """A line a kind of query and way to score people."""
    rates = list(rows[0]["FNIR"])
    return markdown_table(
        ["query", "score", "rank-1", *(f"FNIR at {rate}" for rate in rates)],
        [
            [row["query"], row["score"], f"{row['rank-1']:.1f}", *(f"{v:.1f}" for v in row["FNIR"].values())]
            for row in rows
        ],
    )


def estimator_table(found: Mapping[str, Facts]) -> list[str]:
    """A line a kind of query."""
    kinds = list(next(iter(found.values()))["called"])
    return markdown_table(
        ["query", *(f"called {kind}" for kind in kinds), "refused by the gate"],
        [
            [query, *(f"{share:.1f}" for share in each["called"].values()), f"{each['refused by the gate']:.1f}"]
            for query, each in found.items()
        ],
    )


def _row(row: Facts) -> list[str]:
    searches = f"{row['mated']:,}, {row['non-mated']:,}"
    return [row["query"], row["threshold"], searches, f"{row['rank-1']:.1f}"]


def _rate(rate: Facts) -> str:
    digits = 2 if rate["promised"] < 5 else 1
    low, high = (f"{bound:.{digits}f}" for bound in rate["interval"])
    return f"{rate['FPIR']:.{digits}f} ({low} to {high}), {rate['FNIR']:.1f}"
