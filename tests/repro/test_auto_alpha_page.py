"""The page of ``alpha=auto`` says what its JSON file says."""

import json
import re
from pathlib import Path

import pytest

from fdemd.repro.auto_alpha_answers import LFW
from fdemd.repro.auto_alpha_page import auto_alpha_page, held_out_table, summary_table

ROOT = Path(__file__).resolve().parents[2]
FACTS = json.loads((ROOT / "results" / "auto_alpha.json").read_text(encoding="utf-8"))


def test_the_page_is_made_of_the_json_beside_it() -> None:
    assert (ROOT / "results" / "auto_alpha.md").read_text(encoding="utf-8") == auto_alpha_page(FACTS)
    shown = {cell for line in held_out_table(FACTS["held out"])[2:] for cell in re.findall(r"\d+\.\d", line)}
    known = {f"{value:.1f}" for row in FACTS["held out"] for value in row.values() if isinstance(value, float)}
    assert shown
    assert shown <= known


ROW = {"data": LFW, "network": "dlib", "patches": "raw", "weighting": "apc", "in the fit": True, "query": "mask"}
FIGURES = {"queries": 8, "stage 1": 50.0, "alpha 0.7": 62.5, "best fixed": 75.0, "best alpha": 0.4, "auto": 70.0}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"share of the best gain": 80}, "80 %"),
        ({"share of the best gain": -4}, "loss"),
        ({"share of the best gain": None}, ""),
        ({"share of the best gain": None, "auto": 49.96}, ""),
        ({"share of the best gain": None, "auto": 49.9}, "loss"),
    ],
)
def test_a_loss_is_called_one_where_it_can_be_seen(changes: dict[str, float | None], told: str) -> None:
    line = held_out_table([ROW | FIGURES | changes])[2]
    assert line.startswith("| LFW, dlib, raw, apc | yes | mask (8) | 50.0 | 62.5 | 75.0 (0.4) | ")
    assert line.endswith(f"| {told} |")


def test_the_summary_has_a_column_a_kind_of_query() -> None:
    rows = [ROW | FIGURES | {"query": kind} for kind in ("clean", "mask")]
    assert summary_table(rows) == [
        "| data, network, patches, weighting | clean | mask |",
        "| --- | --- | --- |",
        "| LFW, dlib, raw, apc | 50.0 -> 70.0 (75.0) | 50.0 -> 70.0 (75.0) |",
    ]
