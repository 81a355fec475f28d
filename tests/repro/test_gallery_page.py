"""Tables of given figures."""

from typing import Any

from fdemd.repro.gallery_page import estimator_table, gallery_page, rates_table, several_table


def facts() -> dict[str, Any]:
    """Made-up figures."""
    rates = [
        {"promised": 10.0, "FPIR": 9.5, "interval": [8.6, 10.4], "FNIR": 3.21},
        {"promised": 1.0, "FPIR": 1.123, "interval": [0.8, 1.5], "FNIR": 5.0},
    ]
    row = {"query": "clean", "threshold": "stated", "mated": 7484, "non-mated": 4069, "rank-1": 98.76, "rates": rates}
    several = {"query": "clean", "score": "best", "people": 9, "mated": 5, "non-mated": 7, "rank-1": 99.0}
    return {
        "command": "python -m fdemd.repro.gallery --lfw DIR --weights DIR",
        "data": "LFW",
        "detector": "yunet",
        "seed": 1,
        "versions": {"fdemd": "1", "commit": "abc", "torch": "2"},
        "networks": [
            {
                "network": "sface",
                "people": 1680,
                "rows": [row],
                "several": [several | {"FNIR": {"10": 1.0, "1": 2.0}}],
                "estimator": {"mask": {"called": {"clean": 1.0, "mask": 99.0}, "refused by the gate": 97.0}},
            }
        ],
    }


def test_a_line_a_query_and_way_to_choose_the_threshold() -> None:
    network = facts()["networks"][0]
    assert rates_table(network["rows"])[2:] == [
        "| clean | stated | 7,484, 4,069 | 98.8 | 9.5 (8.6 to 10.4), 3.2 | 1.12 (0.80 to 1.50), 5.0 |"
    ]
    assert several_table(network["several"])[2:] == ["| clean | best | 99.0 | 1.0 | 2.0 |"]
    assert estimator_table(network["estimator"])[2:] == ["| mask | 1.0 | 99.0 | 97.0 |"]


def test_the_page_has_all_of_it() -> None:
    page = gallery_page(facts())
    for words in ("## sface, 1,680 people", "| clean | stated |", "| clean | best |", "| mask | 1.0 |", "fdemd abc"):
        assert words in page
    without = facts()
    without["networks"][0]["estimator"] = {}
    assert "estimator" not in gallery_page(without)
