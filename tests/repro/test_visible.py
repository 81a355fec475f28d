"""The command line: what is asked for is checked before LFW is aligned."""

import json
from pathlib import Path

import pytest

from fdemd.repro import visible
from tests.repro.test_visible_page import network


def test_a_network_or_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert visible.main([*words, "--only", "facenet"]) == 2
    assert "there is no network facenet; the networks are dlib, sface, w600k_mbf" in capsys.readouterr().err
    words[3] = str(tmp_path / "nowhere")
    assert visible.main(words) == 2
    assert "give it with --weights DIR" in capsys.readouterr().err


def test_figures_are_written_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visible, "prepare_lfw", lambda *given: None)
    monkeypatch.setattr(visible, "_measured", lambda *given: network())
    words = ["--lfw", str(tmp_path), "--weights", str(tmp_path), "--out", str(tmp_path / "out")]
    assert visible.main([*words, "--only", "dlib"]) == 0
    assert json.loads((tmp_path / "out" / "visible.json").read_text())["networks"] == [network()]
