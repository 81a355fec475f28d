"""Tables of the ways to treat covered patches, and that the documentation shows no other figures."""

import json
from pathlib import Path
from typing import Any

import pytest

from fdemd.repro.visible_page import chosen_table, judged_table

ROOT = Path(__file__).resolve().parents[2]


def network() -> dict[str, Any]:
    row = {
        "query": "mask",
        "queries": 200,
        "figures": {"stage 1": {"P@1": 46.9, "RP": 41.1}, "partial": {"P@1": 62.0, "RP": 50.4}},
        "best alpha": {"partial": 0.5},
    }
    judged = {
        "query": "mask",
        "queries": 1003,
        "figures": {"stage 1": {"P@1": 45.0, "RP": 40.0}, "best fixed, partial": {"P@1": 60.0, "RP": 49.0}},
        "best alpha": {"partial": 0.4},
    }
    return {"network": "dlib", "chosen on": [row], "judged on": [judged]}


def test_a_line_a_network_and_query_has_both_figures_and_the_best_alpha() -> None:
    assert chosen_table([network()]) == [
        "| network | query (number) | stage 1 | partial |",
        "| --- | --- | --- | --- |",
        "| dlib | mask (200) | 46.9 / 41.1 | 62.0 / 50.4 (0.5) |",
    ]
    assert judged_table([network()])[2] == "| dlib | mask (1003) | 45.0 / 40.0 | 60.0 / 49.0 (0.4) |"


@pytest.mark.checkout
def test_the_documentation_shows_figures_of_the_json_alone() -> None:
    found = json.loads((ROOT / "results" / "visible.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    for line in (*chosen_table(found["networks"]), *judged_table(found["networks"])):
        assert line in text
