"""``fdemd calibrate`` from photographs to a file that an evaluation takes."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from fdemd.__main__ import main
from fdemd.jobs import calibrate as job
from fdemd.visibility import store
from fdemd.visibility.store import SHIPPED, read_calibration


def test_a_gallery_gives_a_calibration_that_an_evaluation_takes(
    few_people: Path,
    tmp_path: Path,
    run_evaluate,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job, "draws_on", lambda photographs: 4)
    words = ["model=dlib", "data=folder", f"data.root={few_people}", "data.num_workers=0"]
    assert main(["calibrate", *words, f"output={tmp_path / 'calibrations'}"]) == 0
    (file,) = (tmp_path / "calibrations").rglob("*.safetensors")
    assert f"rerank.calibration={file}" in capsys.readouterr().out
    found = read_calibration(file)
    assert found.facts["photographs"] == 20
    assert found.facts["people"] == 5
    assert found.facts["draws"] == 4
    assert found.second_stage["weighting"] == "apc"
    assert found.facts["estimator"] == "came with fdemd"
    shipped = read_calibration(SHIPPED / "dlib.safetensors").estimator.state_dict()
    assert all(torch.equal(weights, shipped[name]) for name, weights in found.estimator.state_dict().items())
    status, printed, folder = run_evaluate(
        *words, "rerank.alpha=calibrated", f"rerank.calibration={file}", "rerank.visible=partial", "query=[clean,mask]"
    )
    assert status == 0, printed
    assert "visible partial" in printed
    facts = json.loads((folder / "results.json").read_text())
    assert facts["rerank"]["calibration_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    status, printed, _ = run_evaluate(*words, "rerank.alpha=calibrated", f"rerank.calibration={file}", "weighting=sc")
    assert status == 2
    assert "with weighting=apc, and this one has weighting=sc" in printed


def test_a_network_that_no_estimator_came_for_gets_one_of_its_own(
    few_people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "draws_on", lambda photographs: 4)
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "nothing")
    words = ["model=dlib", "data=folder", f"data.root={few_people}", "data.num_workers=0"]
    assert main(["calibrate", *words, f"output={tmp_path / 'calibrations'}"]) == 0
    (file,) = (tmp_path / "calibrations").rglob("*.safetensors")
    found = read_calibration(file)
    assert found.facts["estimator"] == "fitted on these photographs"
    shipped = read_calibration(SHIPPED / "dlib.safetensors").estimator
    assert not torch.equal(found.estimator.patch_bias, shipped.patch_bias)


def test_a_mistake_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--no-rerank"]) == 2
    assert capsys.readouterr().err.startswith("calibrate: a calibration says how far to trust the second stage")
    assert main(["calibrate", "rerank.visible=partial"]) == 2
    assert capsys.readouterr().err.startswith("calibrate: a calibration is made with all patches alike")


def test_of_many_photographs_those_of_some_people_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace as Made

    names = [f"person {number // 2}" if number < 60 else f"single {number}" for number in range(100)]
    photographs = [Made(identity=name) for name in names]
    faces = Made(manifest=Made(photographs=photographs, root="here"), gallery_rows=torch.arange(100))
    monkeypatch.setattr(job, "MOST_PHOTOGRAPHS", 30)
    one, again, other = (job.drawn_rows(Made(faces=faces), seed).tolist() for seed in (0, 0, 1))
    assert one == again != other
    assert len(one) == 30
    assert all(row < 60 for row in one), "people with two photographs come first"
    monkeypatch.setattr(job, "MOST_PHOTOGRAPHS", 80)
    assert sum(row < 60 for row in job.drawn_rows(Made(faces=faces), 0).tolist()) == 60
