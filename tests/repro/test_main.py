"""``fdemd results``: the steps of RESULTS.md, and the page made of what they measured."""

import json
import re
from pathlib import Path

import pytest

from fdemd.cli.command_line import plan
from fdemd.repro.__main__ import main, steps, write_page
from fdemd.settings.methods import combinations_of


@pytest.mark.parametrize("step", steps(), ids=lambda step: step.name)
def test_every_step_is_a_study_that_evaluate_py_takes(step) -> None:
    (point,) = plan("evaluate", step.with_folders("data/lfw", "downloads"))
    settings = point.settings
    assert settings.job == "study"
    methods = combinations_of(settings.study.methods, settings.rerank)
    projected = any(getattr(method.settings, "patches", "") == "projected" for method in methods)
    assert not projected or step.network.linear, "only there each patch has a share in the embedding"


def test_names_of_steps_are_names_of_files() -> None:
    names = [step.name for step in steps()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)


def test_a_step_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main([*folders, "--only", "lfw_dlibb"]) == 2
    assert capsys.readouterr().err.startswith(
        "results: there is no step lfw_dlibb; the steps are lfw_dlib, rivals_dlib"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.checkout
def test_the_page_has_the_steps_in_their_order_and_the_conclusions(tmp_path: Path) -> None:
    results = Path(__file__).resolve().parents[2] / "results"
    names = [step.name for step in steps() if (results / f"{step.name}.json").is_file()][:2]
    for name in reversed(names):
        (tmp_path / f"{name}.json").write_bytes((results / f"{name}.json").read_bytes())
    (tmp_path / "conclusions.md").write_text("Re-ranking helps with masks.\n", encoding="utf-8")
    (tmp_path / "other.json").write_text("not a step")
    write_page(tmp_path, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    titles = [json.loads((results / f"{name}.json").read_text(encoding="utf-8"))["title"] for name in names]
    places = [page.index(title) for title in titles]
    assert places == sorted(places) and len(places) == 2
    assert "Re-ranking helps with masks." in page
