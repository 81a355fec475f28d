"""The command line: what is asked for is checked before LFW is aligned."""

import json
import re
from pathlib import Path

import pytest

from fdemd.repro import trust
from fdemd.repro.trust_page import (
    NEVER_SEEN,
    OTHER_DATA,
    alphas_table,
    beside_table,
    copies_table,
    estimator_table,
    summary_table,
    trust_page,
    unseen_table,
)
from fdemd.visibility.store import SHIPPED, read_calibration
from tests.repro.test_trust_page import facts

ROOT = Path(__file__).resolve().parents[2]


def test_a_network_or_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert trust.main([*words, "--only", "dlip"]) == 2
    assert "there is no network dlip; the networks are dlib, sface" in capsys.readouterr().err
    assert trust.main([*words, "--masked", str(tmp_path / "nowhere")]) == 2
    assert "give it with --masked DIR" in capsys.readouterr().err


def test_figures_are_written_as_json_and_as_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    monkeypatch.setattr(trust, "prepare_lfw", lambda *given: None)
    monkeypatch.setattr(
        "fdemd.repro.trust_run.make_calibrations", lambda *given, **more: (asked.append((given, more)), facts())[1]
    )
    words = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert trust.main([*words, "--only", "dlib", "--keep"]) == 0
    assert json.loads((tmp_path / "out" / "trust.json").read_text())["fit"]["photographs"] == 1200
    assert (tmp_path / "out" / "trust.md").read_text().startswith("# alpha=calibrated")
    ((given, more),) = asked
    assert [network.name for network in given[3]] == ["dlib"]
    assert more == {"masked": None, "keep": True}


@pytest.mark.checkout
def test_the_documentation_shows_figures_of_the_json_alone() -> None:
    found = json.loads((ROOT / "results" / "trust.json").read_text(encoding="utf-8"))
    rows = [row for network in found["networks"] for row in network["rows"]]
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    tables = (
        summary_table(rows),
        alphas_table(found["networks"]),
        estimator_table(found["networks"]),
        beside_table(rows, NEVER_SEEN),
        beside_table(rows, OTHER_DATA),
        unseen_table(found["networks"]),
        copies_table(found["networks"]),
    )
    for line in (line for table in tables for line in table):
        assert line in text
    for number in found["goal"].values():
        assert re.search(rf"\b{number}\b", text)
    assert trust_page(found) == (ROOT / "results" / "trust.md").read_text(encoding="utf-8")


@pytest.mark.checkout
def test_calibrations_that_come_with_fdemd_are_those_that_were_measured() -> None:
    found = json.loads((ROOT / "results" / "trust.json").read_text(encoding="utf-8"))
    measured = {network["network"]: network["alphas"] for network in found["networks"]}
    assert {file.stem: read_calibration(file).by_condition for file in SHIPPED.glob("*.safetensors")} == measured
