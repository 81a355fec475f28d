"""The rule of ``alpha=auto`` is measured on people that it was not fitted on."""

import json
from pathlib import Path

import torch

from fdemd.repro.auto_alpha_answers import LFW, SECOND_STAGES, Answers
from fdemd.repro.auto_alpha_fit import Shortlists
from fdemd.repro.auto_alpha_run import goal_counts, held_out_row, rule_facts
from fdemd.retrieval.auto_alpha import RULE

ROOT = Path(__file__).resolve().parents[2]
FACTS = json.loads((ROOT / "results" / "auto_alpha.json").read_text(encoding="utf-8"))


def test_the_rule_in_use_is_the_one_that_the_command_wrote() -> None:
    assert rule_facts(RULE) == FACTS["rule"]


def test_figures_are_of_the_others_and_a_query_without_a_face_counts_as_wrong() -> None:
    hits = torch.tensor([[True, False], [False, True], [True, False], [False, True]])
    cosine = torch.tensor([[0.9, 0.1]]).repeat(4, 1)
    similarity = torch.tensor([[0.1, 0.9]]).repeat(4, 1)
    fitted = torch.tensor([False, False, True, False])
    row = held_out_row(Answers(LFW, SECOND_STAGES[0], "mask", Shortlists(cosine, similarity, hits), fitted, 1), RULE)
    assert (row["queries"], row["missed"]) == (4, 1)
    assert row["stage 1"] == 25, "the first is right, the next and the last are not, one has no face"
    assert (row["best fixed"], row["best alpha"]) == (50, 0.6)
    assert row["share of the best gain"] in (0, 100)


def test_the_goal_counts_harm_and_gain_row_by_row() -> None:
    rows = [
        {"stage 1": 90.0, "auto": 90.0, "share of the best gain": None},
        {"stage 1": 90.0, "auto": 89.9, "share of the best gain": -3},
        {"stage 1": 90.0, "auto": 89.8, "share of the best gain": -6},
        {"stage 1": 50.0, "auto": 59.0, "share of the best gain": 90},
        {"stage 1": 50.0, "auto": 58.9, "share of the best gain": 89},
    ]
    assert goal_counts(rows) == {
        "rows": 5,
        "within 0.1 point of stage 1 or above": 4,
        "rows with a gain": 4,
        "at least 90 % of it": 1,
    }


def test_the_goal_on_record_is_that_of_its_rows() -> None:
    assert goal_counts(FACTS["held out"]) == FACTS["goal"]
