"""The figures of ``alpha=calibrated`` as Markdown: nothing but what their JSON file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdemd.repro.markdown import markdown_table

Facts = Mapping[str, Any]
WAYS = ("stage 1", "alpha 0.7", "auto", "calibrated", "best fixed")
"""Ways to choose alpha, in the order of the tables."""
NEVER_SEEN, OTHER_DATA = "never seen", "other data"
"""Rules that go by an estimator that was fitted without the kind of query, and by the other data set's calibration."""
COPIES, ORACLE = "copies", "oracle"
"""In front of ways to choose alpha in a gallery with copies, and their first stage if every condition is known."""


def trust_page(facts: Facts) -> str:
    """Return the page.

    Args:
        facts: As ``python -m fdemd.repro.trust`` writes them.
    """
    versions, goal, fit = facts["versions"], facts["goal"], facts["fit"]
    rows = [row for network in facts["networks"] for row in network["rows"]]
    lines = [
        "# alpha=calibrated: figures",
        "",
        f"`{facts['command']}`, fdemd {versions.get('commit', versions['fdemd'])}, torch {versions['torch']}.",
        "",
        f"Fitted on {fit['photographs']} photographs ({fit['data']}), seed {fit['seed']}. Measured on "
        f"{facts['measured on']}. Protocol {facts['protocol']}. All figures in percent.",
        "",
        f"Of {goal['rows']} rows, {goal['within 0.1 point of stage 1 or above']} are within 0.1 point of stage 1 or "
        f"above it in P@1 and R-Precision (with auto {goal['so with auto']}); of the "
        f"{goal['rows with a gain of 1 point']} in which a fixed alpha gains 1 point of P@1 or more, "
        f"{goal['at least 90 % of it']} keep at least 90 % of it.",
        "",
        "## P@1 / R-Precision",
        "",
        *figures_table(rows),
        "",
        "## Covers that the estimator never saw",
        "",
        "Alphas of LFW, by an estimator that was fitted as if there were no such cover (scarf and hand are left out "
        f"together): {goal['so without the cover']} of {goal['rows of covers left out']} rows are within 0.1 point of "
        "stage 1 or above it.",
        "",
        *beside_table(rows, NEVER_SEEN),
        "",
        "What estimators say of such queries of LFW:",
        "",
        *unseen_table(facts["networks"]),
        "",
        "## Calibrated on other data",
        "",
        "AT&T by the calibration of LFW, and LFW by one of AT&T: its alphas, with the estimator that came with fdemd, "
        "as fdemd calibrate makes them. "
        f"{goal['so by the other data']} of {goal['rows']} rows are within 0.1 point of stage 1 or above it.",
        "",
        *beside_table(rows, OTHER_DATA),
        "",
        *_copies_section(facts["networks"]),
        "## alpha of each condition",
        "",
        *alphas_table(facts["networks"]),
        "",
        "## The estimator on people that it never saw",
        "",
        *estimator_table(facts["networks"]),
        "",
    ]
    return "\n".join(lines)


def summary_table(rows: Sequence[Facts]) -> list[str]:
    """A line a network and data set, a column a kind of query: P@1 of stage 1 -> auto, calibrated (best fixed)."""
    cells: dict[str, list[str]] = {}
    for row in rows:
        first, auto, calibrated, best = (
            f"{row['figures'][way]['P@1']:.1f}" for way in ("stage 1", "auto", "calibrated", "best fixed")
        )
        cells.setdefault(f"{row['data']}, {row['network']}", []).append(f"{first} -> {auto}, {calibrated} ({best})")
    kinds = dict.fromkeys(row["query"] for row in rows)
    return markdown_table(["data, network", *kinds], [[name, *each] for name, each in cells.items()])


def figures_table(rows: Sequence[Facts]) -> list[str]:
    """A line a kind of query of each network and data set."""
    header = ["data, network", "query (number)", *WAYS, "kept", "mean alpha"]
    return markdown_table(header, [_cells(row) for row in rows])


def beside_table(rows: Sequence[Facts], way: str) -> list[str]:
    """A line a row that knows a further way to choose alpha, which stands beside the others."""
    ways = ("stage 1", way, "calibrated", "best fixed")
    return markdown_table(
        ["data, network", "query", *ways],
        [
            [
                f"{row['data']}, {row['network']}",
                row["query"],
                *(f"{row['figures'][name]['P@1']:.1f} / {row['figures'][name]['RP']:.1f}" for name in ways),
            ]
            for row in rows
            if way in row["figures"]
        ],
    )


def unseen_table(networks: Sequence[Facts]) -> list[str]:
    """A line a kind of query that a calibration was made without: AUC per patch, and what most are called."""
    header = ["network", "query", "AUC per patch", "never seen", "called", "never seen: called"]
    lines = []
    for network in networks:
        for each in network["never seen"]:
            seen, unseen = each["seen"], each[NEVER_SEEN]

            lines.append(
                [
                    network["network"],
                    each["query"],
                    *("" if one["patch AUC"] is None else f"{one['patch AUC']:.4f}" for one in (seen, unseen)),
                    *(", ".join(_most(one["called"])[:3]) for one in (seen, unseen)),
                ]
            )
    return markdown_table(header, lines)


def _most(called: Mapping[str, float]) -> list[str]:
    """Conditions and their shares, the largest first."""
    return [f"{name} {share:.1f}" for name, share in sorted(called.items(), key=lambda pair: -pair[1])]


def _copies_section(networks: Sequence[Facts]) -> list[str]:
    table = copies_table(networks)
    words = "LFW, masks of cloth and sport glasses, of which there are no copies."
    return ["## A gallery enrolled with copies", "", words, "", *table, ""] if table else []


def copies_table(networks: Sequence[Facts]) -> list[str]:
    """A line a network and kind of query that was measured with copies and without; nothing if none was."""
    rows = [(network["network"], row) for network in networks for row in network["copies"]]
    if not rows:
        return []
    ways = list(rows[0][1]["figures"])
    return markdown_table(
        ["network", "query (number)", *ways],
        [
            [
                network,
                f"{row['query']} ({row['queries']})",
                *(f"{row['figures'][way]['P@1']:.1f} / {row['figures'][way]['RP']:.1f}" for way in ways),
            ]
            for network, row in rows
        ],
    )


def alphas_table(networks: Sequence[Facts]) -> list[str]:
    """A line a network, a column a condition."""
    return markdown_table(
        ["network", *networks[0]["alphas"]],
        [[each["network"], *(f"{alpha:g}" for alpha in each["alphas"].values())] for each in networks],
    )


def estimator_table(networks: Sequence[Facts]) -> list[str]:
    """A line a network: how well its estimator sees covers."""
    header = [
        "network",
        "AUC per patch",
        "called right",
        "badly aligned, covered below: called right",
        "clean faces called below",
        "really masked faces found by a detector: called below",
    ]
    lines = []
    for each in networks:
        found = each["estimator"]
        lines.append(
            [
                each["network"],
                f"{found['patch AUC']:.4f}",
                ", ".join(f"{name} {share:.1f}" for name, share in found["called right"].items()),
                f"{found['askew called right'].get('below', 0.0):.1f}",
                f"{found['clean called'].get('below', 0.0):.2f}",
                _masked_words(each.get("really masked")),
            ]
        )
    return markdown_table(header, lines)


def _masked_words(facts: Facts | None) -> str:
    """How many faces each detector found, and the percentage of them called below."""
    if facts is None:
        return ""
    return "; ".join(
        f"{detector} {found['faces found']} of {facts['photographs']}: {found['called'].get('below', 0.0):.1f}"
        for detector, found in facts["by detector"].items()
    )


def _cells(row: Facts) -> list[str]:
    figures, share = row["figures"], row["share of the best gain"]
    best = f" ({row['best alpha']:g})"
    return [
        f"{row['data']}, {row['network']}",
        f"{row['query']} ({row['queries']})",
        *(f"{figures[way]['P@1']:.1f} / {figures[way]['RP']:.1f}" + best * (way == "best fixed") for way in WAYS),
        "" if share is None else f"{share} %",
        f"{row['mean alpha']:.2f}",
    ]
