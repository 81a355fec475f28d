"""The command line: what is asked for is checked before LFW is aligned, and the documentation shows the figures."""

import json
from pathlib import Path

import pytest

from fdemd.repro import compact
from fdemd.repro.compact_page import compact_page
from tests.repro.test_compact_page import facts


def test_a_network_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert compact.main([*words, "--only", "dlip"]) == 2
    assert "there is no network dlip; the networks are dlib, sface" in capsys.readouterr().err


def test_figures_are_written_as_json_and_as_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(compact, "prepare_lfw", lambda *given: None)
    monkeypatch.setattr(
        "fdemd.repro.compact_run.measure_networks", lambda *given, **more: (asked.append(given), iter([facts()]))[1]
    )
    words = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert compact.main([*words, "--only", "sface", "dlib"]) == 0
    assert json.loads((tmp_path / "out" / "compact.json").read_text())["full"] == "float16"
    assert (tmp_path / "out" / "compact.md").read_text().startswith(compact_page(facts()))
    assert [network.name for network in asked[0][3]] == ["sface", "dlib"]
