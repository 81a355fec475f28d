"""``python -m fdemd explain`` as a user runs it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fdemd.jobs.explain_command import main


def test_two_faces_end_to_end(few_people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = sorted(few_people.rglob("*.pgm"))[:2]
    assert main([str(one), str(other), "alpha=0.5", "weighting=sc", "--output", str(tmp_path / "out")]) == 0
    (folder,) = (tmp_path / "out").iterdir()
    found = json.loads((folder / "explanation.json").read_text())
    scores = found["scores"]
    assert scores["mixed"] == pytest.approx(0.5 * scores["emd"] + 0.5 * scores["cosine"])
    assert found["rerank"]["weighting"] == "sc"
    for face in ("query", "gallery"):
        share = sum(patch["contribution"] for patch in found["patches"] if patch["face"] == face)
        assert share == pytest.approx(scores["emd"], abs=1e-5)
    pairs = list(csv.DictReader((folder / "matches.csv").open()))
    assert sum(float(row["contribution"]) for row in pairs) == pytest.approx(scores["emd"], abs=1e-5)
    for name in ("explanation.png", "weightings.png"):
        with Image.open(folder / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 20
    assert "Earth Mover's similarity" in capsys.readouterr().out


def test_the_same_photograph_twice_is_told(few_people: Path, tmp_path: Path, capsys) -> None:
    one = str(next(few_people.rglob("*.pgm")))
    assert main([one, one, "--output", str(tmp_path / "out")]) == 0
    assert "same photograph" in capsys.readouterr().out


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
