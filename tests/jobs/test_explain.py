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
