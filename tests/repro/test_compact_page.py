"""The pages of compact patches show what their JSON file says."""

import json
from pathlib import Path
from typing import Any

import pytest

from fdemd.repro.compact_page import compact_page, curve_table, holds, summary_table

ROOT = Path(__file__).resolve().parents[2]


def network(**of_small: float) -> dict[str, Any]:
    small = {"P@1": 97.9, "tau": 0.991} | of_small
    figures = {"P@1": 98.0, "RP": 80.0, "MAP@R": 70.04}
    return {
        "network": "dlib",
        "patches": "raw",
        "grid": "8x8x128",
        "forms": [
            {"form": "8 KiB", "channels": 124, "bytes": 8192, "map_sha256": "ab", "speed": {"avx2": 1.5}},
            {"form": "float16", "channels": 128, "bytes": 16384, "map_sha256": "", "speed": {"avx2": 1.0}},
        ],
        "rows": [
            {"query": "clean", "queries": 7, "form": "float16", **figures, "tau": 1.0},
            {"query": "clean", "queries": 7, "form": "8 KiB", **figures, **small},
        ],
    }


def facts() -> dict[str, Any]:
    return {
        "command": "python -m fdemd.repro.compact",
        "fit": "some",
        "measured on": "others",
        "protocol": "leave-twin-out",
        "seed": 0,
        "full": "float16",
        "versions": {"fdemd": "1", "torch": "2"},
        "networks": [network()],
    }


def test_the_curve_goes_down_from_the_full_form() -> None:
    assert curve_table(network()) == [
        "| form | channels | bytes a face | avx2 | clean |",
        "| --- | --- | --- | --- | --- |",
        "| float16 | 128 | 16,384 | 1.00 | 98.0 / 80.0 / 70.0, 1.000 |",
        "| 8 KiB | 124 | 8,192 | 1.50 | 97.9 / 80.0 / 70.0, 0.991 |",
    ]


def test_the_summary_has_the_full_form_and_the_largest_small_one() -> None:
    assert summary_table([network()], "float16") == [
        "| patches | kept | bytes a face | clean |",
        "| --- | --- | --- | --- |",
        "| dlib, raw patches 8x8x128 | float16 | 16,384 | 98.0 / 80.0 / 70.0, 1.000 |",
        "| dlib, raw patches 8x8x128 | 8 KiB, 124 channels | 8,192 | 97.9 / 80.0 / 70.0, 0.991 |",
    ]


@pytest.mark.parametrize(("small", "kept"), [({}, True), ({"P@1": 97.89}, False), ({"tau": 0.989}, False)])
def test_a_form_holds_if_it_keeps_figures_and_order(small: dict[str, float], kept: bool) -> None:
    assert holds(network(**small), "float16") is kept


def test_the_page_says_what_holds() -> None:
    page = compact_page(facts())
    assert "or more, with dlib, raw patches 8x8x128." in page
    assert curve_table(network())[-1] in page


@pytest.mark.checkout
@pytest.mark.parametrize("name", ["compact", "facenet_compact"])
def test_results_and_documentation_show_figures_of_the_json_alone(name: str) -> None:
    found = json.loads((ROOT / "results" / f"{name}.json").read_text(encoding="utf-8"))
    assert (ROOT / "results" / f"{name}.md").read_text(encoding="utf-8") == compact_page(found)
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert [line for line in summary_table(found["networks"], found["full"]) if line not in text] == []
