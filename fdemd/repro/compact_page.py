"""The figures of compact patches as Markdown: nothing but what their JSON file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdemd.repro.markdown import markdown_table

Facts = Mapping[str, Any]
_LARGEST_LOSS, _LEAST_TAU, _BYTES = 0.1, 0.99, 8192


def compact_page(facts: Facts) -> str:
    """Return the page.

    Args:
        facts: As ``python -m fdemd.repro.compact`` writes them.
    """
    versions = facts["versions"]
    lines = [
        "# Compact patches: figures",
        "",
        f"`{facts['command']}`, fdemd {versions.get('commit', versions['fdemd'])}, torch {versions['torch']}.",
        "",
        f"Maps fitted on {facts['fit']}; measured on {facts['measured on']}, protocol {facts['protocol']}, seed "
        f"{facts['seed']}. P@1 / R-Precision / MAP@R in percent, then Kendall's tau of the first k to {facts['full']}. "
        f"Speed: pairs a second of one thread, as a multiple of {facts['full']}.",
        "",
        "At most 8 KiB a face keep P@1 within 0.1 point of every kind of query, and tau at 0.99 or more, with "
        + (", ".join(heading(each) for each in facts["networks"] if holds(each, facts["full"])) or "none")
        + ".",
        "",
        *summary_table(facts["networks"], facts["full"]),
        "",
        "The whole curve:",
        "",
        *(line for each in facts["networks"] for line in (f"## {heading(each)}", "", *curve_table(each), "")),
    ]
    return "\n".join(lines)


def summary_table(networks: Sequence[Facts], full: str) -> list[str]:
    """A line for the full form, for all channels in int8 and for the largest form of at most 8 KiB, of each network.

    Args:
        networks: Figures of each network and second stage.
        full: Name of the full form.
    """
    rows = []
    kinds = dict.fromkeys(row["query"] for network in networks for row in network["rows"])
    for network in networks:
        of = {(row["form"], row["query"]): row for row in network["rows"]}
        forms = sorted(network["forms"], key=lambda form: -form["bytes"])
        small = [form for form in forms if form["bytes"] <= _BYTES and form["form"] != full][:1]
        for form in (form for form in forms if form["form"] in (full, "int8") or form in small):
            told = f"{form['form']}, {form['channels']:,} channels" if form["form"] != full else full
            cells = [_cell(of[form["form"], kind]) for kind in kinds]
            rows.append([heading(network), told, f"{form['bytes']:,}", *cells])
    return markdown_table(["patches", "kept", "bytes a face", *kinds], rows)


def heading(network: Facts) -> str:
    """Return what a network's table is called."""
    return f"{network['network']}, {network['patches']} patches {network['grid']}"


def curve_table(network: Facts) -> list[str]:
    """A line a form, smallest last: bytes, speed, and the figures of every kind of query."""
    kinds = dict.fromkeys(row["query"] for row in network["rows"])
    forms = sorted(network["forms"], key=lambda form: -form["bytes"])
    instructions = list(forms[0]["speed"])
    of = {(row["form"], row["query"]): row for row in network["rows"]}
    rows = [
        [
            form["form"],
            f"{form['channels']:,}",
            f"{form['bytes']:,}",
            *(f"{form['speed'][name]:.2f}" for name in instructions),
            *(_cell(of[form["form"], kind]) for kind in kinds),
        ]
        for form in forms
    ]
    return markdown_table(["form", "channels", "bytes a face", *instructions, *kinds], rows)


def holds(network: Facts, full: str) -> bool:
    """Return whether a form of at most 8 KiB a face keeps P@1 within 0.1 point, with a tau of 0.99 or more.

    Args:
        network: Figures of one network and second stage.
        full: Name of the full form.
    """
    rows = network["rows"]
    wanted = {row["query"]: row["P@1"] - _LARGEST_LOSS for row in rows if row["form"] == full}
    small = [form["form"] for form in network["forms"] if form["bytes"] <= _BYTES and form["form"] != full]
    kept = {form: [row for row in rows if row["form"] == form] for form in small}
    return any(
        all(row["tau"] >= _LEAST_TAU and row["P@1"] >= round(wanted[row["query"]], 2) for row in of_form)
        for of_form in kept.values()
    )


def _cell(row: Facts) -> str:
    return f"{row['P@1']:.1f} / {row['RP']:.1f} / {row['MAP@R']:.1f}, {row['tau']:.3f}"
