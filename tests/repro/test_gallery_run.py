"""From prepared faces to figures, on a few real photographs."""

import shutil
from pathlib import Path

import pytest

from fdemd.data.manifest import Manifest, Photograph
from fdemd.data.manifest_file import read_manifest, write_manifest
from fdemd.gallery import calibrate
from fdemd.repro import gallery_run
from fdemd.repro.gallery_run import measure_networks, write_roles
from fdemd.repro.lfw_networks import NETWORKS


@pytest.fixture
def prepared(few_people: Path, tmp_path: Path) -> Path:
    """A made LFW, as if it were aligned for dlib: four people with all their photographs, and one with a single one."""
    rows = []
    for file in sorted(few_people.rglob("*.pgm")):
        who = file.parent.name
        if who == sorted(path.name for path in few_people.iterdir())[-1] and rows and rows[-1].identity == who:
            continue
        path = tmp_path / "dlib_yunet" / "faces" / f"{who}_{file.stem}.pgm"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, path)
        rows.append(Photograph(f"faces/{path.name}", who, f"faces/{path.name}"))
    write_manifest(Manifest(tmp_path / "dlib_yunet", tuple(rows)), tmp_path / "dlib_yunet/manifest.csv")
    return tmp_path


@pytest.mark.parametrize("most", [None, 1])
def test_the_first_of_several_photographs_is_enrolled(prepared: Path, most: int | None) -> None:
    rows = read_manifest(write_roles(prepared / "dlib_yunet", most)).photographs
    of = {person: [row for row in rows if row.identity == person] for person in {row.identity for row in rows}}
    for found in of.values():
        found.sort(key=lambda row: row.path)
        alone = len(found) == 1
        assert [row.is_gallery for row in found] == [not alone] + [False] * (len(found) - 1)
        asked = len(found) - 1 if most is None else min(most, len(found) - 1)
        assert [row.is_query for row in found] == [alone] + [True] * asked + [False] * (len(found) - 1 - asked)
    assert sum(len(found) == 1 for found in of.values()) == 1


def test_one_in_some_is_searched_for(prepared: Path) -> None:
    folder = prepared / "dlib_yunet"
    asked = [sum(row.is_query for row in read_manifest(write_roles(folder, None, n)).photographs) for n in (1, 4)]
    assert asked == [13, 4]


@pytest.mark.slow
def test_people_are_found_and_strangers_counted(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "_DRAWN", 30)
    monkeypatch.setattr(gallery_run, "RATES", (0.2,))
    monkeypatch.setattr(gallery_run, "FITTED_SEED", 1)  # some people of both kinds are left
    dlib = [network for network in NETWORKS if network.name == "dlib"]
    found = measure_networks(prepared, prepared, dlib, ["clean", "mask"])
    (network,) = found["networks"]
    assert network["people"] == 4
    assert [(row["query"], row["threshold"]) for row in network["rows"]] == [
        ("clean", "stated"),
        ("clean", "seen"),
        ("mask", "stated"),
        ("mask", "of clean strangers"),
        ("mask", "seen"),
    ]
    clean = network["rows"][0]
    assert (clean["mated"], clean["non-mated"]) == (12, 1)
    assert clean["rank-1"] > 90
    assert network["estimator"]["mask"]["called"]["mask"] > 50 > network["estimator"]["clean"]["called"]["mask"]
    assert {row["score"] for row in network["several"]} == {"best", "mean"}
