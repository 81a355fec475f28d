"""The benchmark of the second stage: that its contenders compute one thing, and what its command leaves behind."""

import json
from pathlib import Path

import pytest

from fdemd.bench.__main__ import main


def test_the_command_leaves_a_table_a_picture_and_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--faces", "8", "--k", "3", "--sample", "2", "--seconds", "0", "--output", str(tmp_path)]
    assert main(["emd", "3x3x128", *few]) == 0
    assert "published" in capsys.readouterr().out
    folder = next(tmp_path.iterdir())
    assert (folder / "speed.png").stat().st_size > 1000
    figures = json.loads((folder / "speed.json").read_text())
    assert {result["grid"] for result in figures["results"]} == {"3x3x128"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["9x9x128"], "unknown grid '9x9x128'"),
        (["--k", "0"], "--k is 0"),
        (["--faces", "5", "--k", "5"], "a query has 4 others"),
        (["--weights", "/nonexistent"], "no weight file in /nonexistent"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    options: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["emd", *options, "--output", str(tmp_path)]) == 2
    assert complaint in capsys.readouterr().err.lower()
    assert not list(tmp_path.iterdir())
