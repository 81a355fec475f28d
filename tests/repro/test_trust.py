"""The command line: what is asked for is checked before LFW is aligned."""

import json
from pathlib import Path

import pytest

from fdemd.repro import trust
from tests.repro.test_trust_page import facts


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
