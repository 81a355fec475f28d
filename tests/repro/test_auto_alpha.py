import json
import re
from pathlib import Path

import pytest
import torch

from fdemd.repro.auto_alpha import main
from fdemd.repro.auto_alpha_answers import LFW, SECOND_STAGES, Answers, collect_answers, describe_network
from fdemd.repro.auto_alpha_fit import Shortlists
from fdemd.repro.auto_alpha_page import auto_alpha_page, held_out_table, summary_table
from fdemd.repro.auto_alpha_run import held_out_row, rule_facts
from fdemd.repro.lfw_networks import NETWORKS
from fdemd.retrieval.auto_alpha import RULE

ROOT = Path(__file__).resolve().parents[2]
FACTS = json.loads((ROOT / "results" / "auto_alpha.json").read_text(encoding="utf-8"))


def test_the_rule_in_use_is_the_one_that_the_command_wrote() -> None:
    assert rule_facts(RULE) == FACTS["rule"]


def test_the_page_is_made_of_the_json_beside_it() -> None:
    assert (ROOT / "results" / "auto_alpha.md").read_text(encoding="utf-8") == auto_alpha_page(FACTS)
    shown = {cell for line in held_out_table(FACTS["held out"])[2:] for cell in re.findall(r"\d+\.\d", line)}
    known = {f"{value:.1f}" for row in FACTS["held out"] for value in row.values() if isinstance(value, float)}
    assert shown
    assert shown <= known


def test_the_documentation_shows_figures_of_the_json_alone() -> None:
    text = (ROOT / "docs" / "auto_alpha.md").read_text(encoding="utf-8")
    for line in summary_table(FACTS["held out"]):
        assert line in text
    goal, fit = FACTS["goal"], FACTS["fit"]
    people = [FACTS["measured on"][0][name] for name in ("people", "people to fit on")]
    for number in (*goal.values(), *people, fit["queries a kind"], fit["queries that the weight decides"]):
        assert re.search(rf"\b{number}\b", text)
    known = {f"{value:.1f}" for row in FACTS["held out"] for value in row.values() if isinstance(value, float)}
    losses = {f"{row['stage 1'] - row[method]:.1f}" for row in FACTS["held out"] for method in ("auto", "alpha 0.7")}
    goals = text.split("## What they do")[1]
    assert set(re.findall(r"\b\d+\.\d\b", goals.replace("0, 0.1 ... 1", "").replace("alpha 0.7", ""))) <= known | losses


def test_people_are_fitted_on_or_measured_never_both(few_people: Path) -> None:
    words = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0", "query=[clean,mask]", "model=dlib"]
    point = describe_network(LFW, NETWORKS[0], words)
    answers, facts = collect_answers(point, seed=0)
    assert [each.kind for each in answers] == ["clean", "mask"]
    assert 0 < facts["people to fit on"] < facts["people"] == 5
    for each in answers:
        assert len(each.fitted) == 20
        assert int(each.fitted.sum()) == 4 * facts["people to fit on"], "all photographs of a person"
        row = held_out_row(each, RULE)
        assert row["queries"] == 20 - 4 * facts["people to fit on"]
        assert row["stage 1"] <= row["best fixed"] <= 100


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


def test_a_mistake_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = ["--lfw", str(tmp_path), "--prepared", str(tmp_path / "no"), "--out", str(tmp_path / "out")]
    assert main([*folders, "--weights", str(tmp_path / "nothing")]) == 2
    assert "--weights DIR" in capsys.readouterr().err
    assert main([*folders, "--weights", str(tmp_path)]) == 2
    assert "lfw-deepfunneled" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([*folders[:-1], str(tmp_path / "file"), "--weights", str(tmp_path)]) == 2
    assert "--out DIR" in capsys.readouterr().err
