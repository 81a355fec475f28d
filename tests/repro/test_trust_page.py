from typing import Any

from fdemd.repro.trust_page import (
    NEVER_SEEN,
    WAYS,
    alphas_table,
    beside_table,
    copies_table,
    estimator_table,
    figures_table,
    summary_table,
    trust_page,
    unseen_table,
)


def facts() -> dict[str, Any]:
    row = {
        "data": "LFW",
        "network": "dlib",
        "query": "mask",
        "queries": 1000,
        "missed": 0,
        "figures": {name: {"P@1": 40.0 + number, "RP": 30.0 + number} for number, name in enumerate(WAYS)},
        "best alpha": 0.4,
        "mean alpha": 0.3871,
        "share of the best gain": 75,
    }
    network = {
        "network": "dlib",
        "alphas": {"clean": 0.0, "below": 0.4},
        "estimator": {
            "patch AUC": 0.97564,
            "called right": {"clean": 97.0},
            "askew called right": {"below": 91.5},
            "clean called": {"clean": 99.5},
        },
        "really masked": {
            "photographs": 82,
            "by detector": {
                "yunet": {"faces found": 80, "called": {"below": 96.25, "other": 3.75}},
                "dlib": {"faces found": 4, "called": {"other": 100.0}},
            },
        },
        "never seen": [
            {
                "query": "mask",
                "seen": {"patch AUC": 0.98765, "called": {"below": 97.0, "other": 3.0}},
                "never seen": {"patch AUC": 0.9, "called": {"other": 20.0, "below": 75.0, "clean": 4.0, "cut": 1.0}},
            },
            {
                "query": "crop",
                "seen": {"patch AUC": None, "called": {"cut": 100.0}},
                "never seen": {"patch AUC": None, "called": {"clean": 100.0}},
            },
        ],
        "copies": [{"query": "mask", "queries": 1000, "figures": {"stage 1": {"P@1": 96.7, "RP": 93.2}}}],
        "rows": [row, row | {"query": "clean", "share of the best gain": None}],
    }
    return {
        "command": "python -m fdemd.repro.trust",
        "versions": {"fdemd": "0.1.0", "torch": "2.14"},
        "goal": {
            "rows": 2,
            "within 0.1 point of stage 1 or above": 2,
            "so with auto": 1,
            "rows with a gain of 1 point": 1,
            "at least 90 % of it": 0,
            "rows of covers left out": 1,
            "so without the cover": 1,
            "so by the other data": 2,
        },
        "fit": {"photographs": 1200, "data": "LFW, half of the people", "seed": 0},
        "measured on": "LFW: 1603 photographs of other people",
        "protocol": "leave-twin-out",
        "networks": [network],
    }


def test_a_row_shows_both_figures_of_every_way() -> None:
    table = figures_table(facts()["networks"][0]["rows"])
    assert table[0].startswith(
        "| data, network | query (number) | stage 1 | alpha 0.7 | auto | calibrated | best fixed |"
    )
    assert table[2] == (
        "| LFW, dlib | mask (1000) | 40.0 / 30.0 | 41.0 / 31.0 | 42.0 / 32.0 | 43.0 / 33.0 | 44.0 / 34.0 (0.4) "
        "| 75 % | 0.39 |"
    )
    assert "|  | 0.39 |" in table[3], "no share where there is next to nothing to gain"


def test_a_summary_has_a_column_a_kind_of_query() -> None:
    header, _, line = summary_table(facts()["networks"][0]["rows"])
    assert header == "| data, network | mask | clean |"
    assert line == "| LFW, dlib | 40.0 -> 42.0, 43.0 (44.0) | 40.0 -> 42.0, 43.0 (44.0) |"


def test_the_estimator_stands_by_its_network() -> None:
    masked = "yunet 80 of 82: 96.2; dlib 4 of 82: 0.0"
    assert estimator_table(facts()["networks"])[2] == f"| dlib | 0.9756 | clean 97.0 | 91.5 | 0.00 | {masked} |"
    without = [{name: value for name, value in facts()["networks"][0].items() if name != "really masked"}]
    assert estimator_table(without)[2] == "| dlib | 0.9756 | clean 97.0 | 91.5 | 0.00 |  |"
    assert alphas_table(facts()["networks"])[2] == "| dlib | 0 | 0.4 |"


def test_only_rows_that_know_a_further_rule_tell_what_it_does() -> None:
    row, other = facts()["networks"][0]["rows"]
    row["figures"][NEVER_SEEN] = {"P@1": 41.5, "RP": 31.5}
    other["figures"] = {name: each for name, each in other["figures"].items() if name != NEVER_SEEN}
    assert beside_table([row, other], NEVER_SEEN)[2:] == [
        "| LFW, dlib | mask | 40.0 / 30.0 | 41.5 / 31.5 | 43.0 / 33.0 | 44.0 / 34.0 |"
    ]


def test_what_was_left_out_stands_beside_what_is_seen() -> None:
    assert unseen_table(facts()["networks"])[2:] == [
        "| dlib | mask | 0.9877 | 0.9000 | below 97.0, other 3.0 | below 75.0, other 20.0, clean 4.0 |",
        "| dlib | crop |  |  | cut 100.0 | clean 100.0 |",
    ]


def test_copies_have_a_line_a_kind_of_query() -> None:
    assert copies_table(facts()["networks"])[2:] == ["| dlib | mask (1000) | 96.7 / 93.2 |"]
    assert "## A gallery enrolled with copies" in trust_page(facts())
    none = facts()
    none["networks"][0]["copies"] = []
    assert copies_table(none["networks"]) == []
    assert "copies" not in trust_page(none)


def test_the_page_says_what_was_measured() -> None:
    page = trust_page(facts())
    assert "Of 2 rows, 2 are within 0.1 point of stage 1 or above it in P@1 and R-Precision (with auto 1)" in page
    assert "Fitted on 1200 photographs (LFW, half of the people), seed 0." in page
