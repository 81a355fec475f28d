import json
import re
from pathlib import Path

import pytest

from fdemd.repro.__main__ import main, steps, write_page
from fdemd.repro.results_page import results_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_holds_nothing_that_is_not_in_a_json_beside_it(tmp_path: Path) -> None:
    assert list((ROOT / "results").glob("*.json"))
    write_page(ROOT / "results", tmp_path / "RESULTS.md")
    assert (tmp_path / "RESULTS.md").read_text(encoding="utf-8") == (ROOT / "RESULTS.md").read_text(encoding="utf-8")


def test_every_figure_of_a_table_is_a_rounded_figure_of_its_json() -> None:
    files = [ROOT / "results" / f"{step.name}.json" for step in steps()]
    for file in [file for file in files if file.is_file()]:
        facts = json.loads(file.read_text(encoding="utf-8"))
        known = {f"{value:.1f}" for row in facts["results"] for value in row.values() if isinstance(value, float | int)}
        section = results_page({file.stem: facts}).split("**")
        cells = [
            cell for line in "".join(section[2:]).split("## What")[0].splitlines() for cell in line.split("|")[2:-2]
        ]
        shown = {number for cell in cells for number in re.findall(r"\d+\.\d", cell)}
        assert shown
        assert shown <= known


def test_steps_are_named_once_and_a_wrong_one_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [step.name for step in steps()]
    assert len(set(names)) == len(names)
    assert main(["--lfw", str(tmp_path), "--weights", str(tmp_path), "--only", "lfw_dlip"]) == 2
    assert "lfw_dlib" in capsys.readouterr().err
    arguments = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--prepared", str(tmp_path / "no")]
    assert main([*arguments, "--only", "lfw_dlib"]) == 2
    assert "lfw-deepfunneled" in capsys.readouterr().err
