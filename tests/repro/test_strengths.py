"""The picture of a sweep over the strength of an alignment, from the files that its runs leave."""

import json
from pathlib import Path

import pytest
from PIL import Image

from fdemd.errors import InputError
from fdemd.repro.strengths import main, read_runs


def left_by(folder: Path, strength: float, **different: object) -> Path:
    """What a run of evaluate.py would leave of its results."""
    row = {"query": "mask", "protocol": "leave-twin-out"}
    row |= {f"{name}{end}": 50.0 + strength for name in ("P@1", "RP", "MAP@R") for end in ("", " low", " high")}
    facts = {"data": {"gallery": 9}, "model": {"name": "dlib"}, "seed": 0, **different}
    facts["align"] = {"method": "ida", "support": "cohort", "strength": strength}
    facts["results"] = [row | {"stage": stage} for stage in ("cosine", "stage 1")]
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps(facts))
    return folder


def test_a_sweep_becomes_a_picture_whatever_its_order(tmp_path: Path) -> None:
    runs = [left_by(tmp_path / f"run{strength}", strength) for strength in (1.0, 0.25, 0.5)]
    assert [facts["align"]["strength"] for facts in read_runs(runs)] == [0.25, 0.5, 1.0]
    assert main([*map(str, runs), "--out", str(tmp_path / "sweep.png")]) == 0
    with Image.open(tmp_path / "sweep.png") as picture:
        assert picture.width > picture.height > 300


def test_runs_that_do_not_belong_together_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = left_by(tmp_path / "one", 0.5), left_by(tmp_path / "other", 1.0, seed=1)
    with pytest.raises(InputError, match=r"differ in more than align\.strength"):
        read_runs([one, other])
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "results.json").write_text(json.dumps({"results": [{"stage": "stage 1"}]}))
    with pytest.raises(InputError, match="is no run of"):
        read_runs([tmp_path / "plain"])
    assert main([str(tmp_path / "nothing"), "--out", str(tmp_path / "a.png")]) == 2
    assert "has no results.json" in capsys.readouterr().err
