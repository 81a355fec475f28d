"""The command that fits the rule of ``alpha=auto``, and the documentation of its figures."""

import json
import re
from pathlib import Path

import pytest

from fdemd.repro.auto_alpha import main
from fdemd.repro.auto_alpha_page import summary_table

ROOT = Path(__file__).resolve().parents[2]
FACTS = json.loads((ROOT / "results" / "auto_alpha.json").read_text(encoding="utf-8"))


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


def test_a_mistake_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = ["--lfw", str(tmp_path), "--prepared", str(tmp_path / "no"), "--out", str(tmp_path / "out")]
    assert main([*folders, "--weights", str(tmp_path / "nothing")]) == 2
    assert "--weights DIR" in capsys.readouterr().err
    assert main([*folders, "--weights", str(tmp_path)]) == 2
    assert "lfw-deepfunneled" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([*folders[:-1], str(tmp_path / "file"), "--weights", str(tmp_path)]) == 2
    assert "--out DIR" in capsys.readouterr().err
