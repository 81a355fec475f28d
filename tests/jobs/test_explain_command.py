"""The command line of ``fdemd explain``: what it takes, and what it refuses in a sentence."""

from pathlib import Path

import pytest
from PIL import Image

from fdemd.jobs.explain_command import main


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("weighting=acp", "did you mean apc"),
        ("rerank=none", "nothing to explain"),
        ("alpha=0.1,0.2", "one value"),
        ("rerank.k=5", "plays no part"),
        ("data.detector=nobody", "Unknown data.detector"),
    ],
)
def test_wrong_settings(few_people: Path, tmp_path: Path, capsys, setting: str, said: str) -> None:
    one = str(next(few_people.rglob("*.pgm")))
    assert main([one, one, setting, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert said.lower() in error.lower()
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_wrong_photographs(few_people: Path, tmp_path: Path, capsys) -> None:
    one = str(next(few_people.rglob("*.pgm")))
    Image.new("RGB", (200, 200)).save(tmp_path / "blank.png")
    (tmp_path / "text.jpg").write_text("no picture")
    for name, said in (("none.jpg", "does not exist"), ("text.jpg", "not an image"), ("blank.png", "finds no face")):
        assert main([one, str(tmp_path / name)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert name in error
