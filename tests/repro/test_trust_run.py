"""From an archive and its prepared faces to a calibration and figures, on a few real photographs."""

import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import write_manifest
from fdemd.repro import trust_run
from fdemd.repro.lfw_networks import NETWORKS
from fdemd.repro.trust_sample import FIT, TEST, Sizes, draw_sample, read_archive
from fdemd.visibility.store import read_calibration

SIZES = {FIT: Sizes(8, 0), TEST: Sizes(8, 0)}


@pytest.fixture
def lfw(few_people: Path, tmp_path: Path) -> Path:
    """A made LFW of 5 people: its archive, and its faces as if they were prepared."""
    rows = []
    with tarfile.open(tmp_path / "lfw-deepfunneled.tar", "w") as archive:
        for file in sorted(few_people.rglob("*.pgm")):
            who = file.parent.name
            name = f"{who}_{file.stem}"
            path = tmp_path / "prepared" / "dlib" / "faces" / f"{name}.pgm"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, path)
            archive.addfile(tarfile.TarInfo(f"lfw/{who}/{name}.jpg"), io.BytesIO())
            rows.append(Photograph(f"faces/{name}.pgm", who, f"faces/{name}.pgm"))
    write_manifest(Manifest(tmp_path / "prepared/dlib", tuple(rows)), tmp_path / "prepared/dlib/manifest.csv")
    return tmp_path


@pytest.fixture
def measure(lfw: Path, few_people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Calibrates dlib's network on three people and measures it on two others, and on those who stand for AT&T's."""
    monkeypatch.setattr(trust_run, "draw_sample", lambda people, seed: draw_sample(people, seed, SIZES))
    monkeypatch.setattr(trust_run, "SEED", 1)  # draws three people to fit on, and two to measure with
    monkeypatch.setattr(trust_run, "KINDS", ("clean", "mask"))
    monkeypatch.setattr(trust_run, "ATT_WORDS", ("data=folder", f"data.root={few_people}", "data.num_workers=0"))
    dlib = [network for network in NETWORKS if network.name == "dlib"]
    (tmp_path / "shipped").mkdir()

    def call(keep: bool = False) -> dict[str, Any]:
        shipped = tmp_path / "shipped"
        made = trust_run.make_calibrations(lfw, lfw / "prepared", tmp_path, dlib, shipped=shipped, keep=keep)
        (found,) = made["networks"]
        return found

    return call


@pytest.mark.slow
def test_a_network_is_calibrated_on_some_people_and_measured_on_others(lfw: Path, measure) -> None:
    found = measure()
    calibration = read_calibration(lfw / "shipped" / "dlib.safetensors")
    assert calibration.network["name"] == "dlib"
    assert calibration.facts["photographs"] == len(draw_sample(read_archive(lfw), 1, SIZES)[FIT]) == 8
    assert [(row["data"], row["query"], row["queries"]) for row in found["rows"]] == [
        ("LFW", "clean", 8),
        ("LFW", "mask", 8),
        ("LFW", "scarf", 8),
        ("LFW", "hand", 8),
        ("AT&T", "clean", 20),
        ("AT&T", "mask", 20),
    ]
    assert {name for row in found["rows"] for name in row["figures"]} >= {"other data"}
    assert found["estimator"]["photographs"] == 8
    assert {each["query"] for each in found["never seen"]} <= {"mask", "scarf", "hand"}
    assert [row["query"] for row in found["copies"]] == ["clean", "mask", "sunglass", "crop"]


@pytest.mark.slow
def test_calibrations_that_are_kept_give_the_same_figures(measure) -> None:
    assert measure() == measure(keep=True)
