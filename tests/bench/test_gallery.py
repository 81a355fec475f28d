"""The benchmark of the gallery: what it measures, and what it writes."""

import json
from pathlib import Path

import pytest

from fdemd.bench.__main__ import main
from fdemd.bench.gallery import _ORDER


@pytest.mark.slow
def test_the_command_prints_tables_and_writes_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A small gallery of AT&T faces and made-up ones."""
    words = ["gallery", "--faces", "30", "--photographs", "4", "--threads", "1", "--json", str(tmp_path / "g.json")]
    assert main([*words, "--gallery", str(tmp_path / "people.db")]) == 0
    out = capsys.readouterr().out
    assert "640x480" in out and "deepface was left out" in out
    found = json.loads((tmp_path / "g.json").read_text())
    assert (found["faces"], found["data"]) == (30, "AT&T, and made-up faces")
    stages = found["milliseconds"]
    assert list(stages) == list(_ORDER)
    assert all(0 <= times["p50"] <= times["p95"] for times in stages.values())
    assert stages["whole"]["p50"] >= stages["network"]["p50"] > 0
    assert found["enrolled a second"] > 0 and 0 < found["seconds to open"] < 120
    assert found["bytes of the file"] > 30 * 12_000


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--faces", "0"], "--faces is 0"),
        (["--lfw", "nowhere.tar"], "nowhere.tar"),
        (["--json", "nowhere/a.json"], "--json nowhere/a.json"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gallery", *options]) == 2
    assert sentence in capsys.readouterr().err
