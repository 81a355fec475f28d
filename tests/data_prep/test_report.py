"""What a preparation tells is complete, adds up and can be opened without harm."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.data_prep.conftest import check_counts, lfw_files, picture, write_pack, write_tree
from tests.data_prep.made_records import pack
from tests.data_prep.test_casia import spoil


@pytest.fixture
def spoilt(tmp_path: Path) -> dict[str, bytes]:
    """Bob's files: a photograph, a damaged one, an empty one, a wall, and what is no photograph of the set."""
    Image.new("RGB", (250, 250), "grey").save(tmp_path / "grey.png")
    contents = [picture(1, 1), picture(1, 2)[:2000], b"", (tmp_path / "grey.png").read_bytes()]
    return {f"{{}}/{number + 1}": content for number, content in enumerate(contents)}


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("lfw", "lfw/Bob_Baker/Bob_Baker_{:04d}.jpg"),
        ("calfw", "calfw/images/Bob_Baker_{:04d}.jpg"),
        ("agedb", "AgeDB/{}_BobBaker_35_m.jpg"),
        ("cfp", "Data/Images/001/frontal/{:02d}.jpg"),
        ("talfw", "TALFW/Bob_Baker/Bob_Baker_{:04d}.jpg"),
        ("mlfw", "origin/Bob_Baker_{:04d}_0001.jpg"),
        ("casia", "CASIA-WebFace/0000045/{:03d}.jpg"),
        ("folder", "people/Bob/{}.jpg"),
    ],
)
def test_every_photograph_of_every_set_is_in_one_count(
    name: str, file: str, spoilt: dict[str, bytes], prepared_lfw: Path, tmp_path: Path, data_prep: Callable
) -> None:
    files = {file.format(number): content for number, content in enumerate(spoilt.values(), start=1)}
    others = {"Bob_Baker": "Ann_Able", "BobBaker": "AnnAble", "/001/": "/002/", "0000045": "0000099", "Bob": "Ann"}
    first, second = next(pair for pair in others.items() if pair[0] in file)
    files[file.format(1).replace(first, second)] = picture(0, 1)
    files["readme.txt"] = b"Dear Sir"
    source = write_tree(tmp_path / "source", files)
    out = tmp_path / "out"
    command = [name, "--source", source, "--out", out, "--template", "dlib", "--workers", 1]
    command += ["--gallery", prepared_lfw / "manifest.csv"] if name in ("talfw", "mlfw") else []
    assert data_prep(*command)[0] == 0
    check_counts(out)
    report = json.loads((out / "report.json").read_text())
    assert report["photographs"]["in the source"] == report["photographs"]["found"] == 5
    assert (report["faces"], report["without a face"]) == (2, {"unreadable": 2, "no face found": 1})
    assert sum(report["files not used"].values()) == 1


def test_photographs_of_excluded_people_are_counted_apart(tmp_path: Path, data_prep: Callable) -> None:
    positions = pack(tmp_path / "casia")
    spoil(tmp_path / "casia" / "train.rec", positions[2])
    (tmp_path / "people.txt").write_text("10\n77\n")
    out = tmp_path / "out"
    command = ["casia", "--source", tmp_path / "casia", "--out", out, "--workers", 1]
    status, printed = data_prep(*command, "--exclude", tmp_path / "people.txt")
    assert status == 0
    assert "1 more photographs are of people who were to be left out; 1 of the names" in printed
    check_counts(out)
    report = json.loads((out / "report.json").read_text())
    assert report["photographs"]["in the source"] == 5
    assert report["photographs"]["of excluded people"] == 1
    assert sum(report["files not used"].values()) == 1


def test_everybody_excluded_is_a_sentence(tmp_path: Path, data_prep: Callable) -> None:
    pack(tmp_path / "casia")
    (tmp_path / "people.txt").write_text("0\n1\n10\n")
    command = ["casia", "--source", tmp_path / "casia", "--out", tmp_path / "out", "--workers", 1]
    status, printed = data_prep(*command, "--exclude", tmp_path / "people.txt")
    assert status == 2
    assert "names everybody of the set" in printed


def test_packs_add_up(tmp_path: Path, data_prep: Callable) -> None:
    source = write_pack(tmp_path / "some.bin", 4)
    assert data_prep("pack", "--source", source, "--out", tmp_path / "out", "--workers", 1)[0] == 0
    check_counts(tmp_path / "out")


HOSTILE = ['=HYPERLINK("x")', "-Bob", "@Bob", "+Bob", "Bob \x1b[2J", "Bob\u202eeve"]


@pytest.mark.parametrize("name", [*HOSTILE, "Bob\rEve", "Bob\nEve"])
def test_names_that_others_chose_harm_no_terminal_and_no_spreadsheet(
    name: str, tmp_path: Path, data_prep: Callable
) -> None:
    same = picture(1, 1)
    files = {f"{name}/1.jpg": same, f"{name}/2.jpg": same, f"{name}/3.jpg": b"no picture", "Ann/1.jpg": picture(0, 1)}
    source, out = write_tree(tmp_path / "source", files), tmp_path / "out"
    command = ["folder", "--source", source, "--out", out, "--template", "dlib", "--workers", 1]
    status, printed = data_prep(*command)
    assert status == 0
    for file in ("unused.csv", "duplicates.csv", "report.md"):
        text = (out / file).read_text()
        assert all(character.isprintable() or character == "\n" for character in text), file
    for file in ("unused.csv", "duplicates.csv"):
        with (out / file).open(newline="") as table:
            rows = list(csv.reader(table))
        assert len(rows) == 2
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert all(character.isprintable() or character == "\n" for character in printed)
    report = json.loads((out / "report.json").read_text())
    assert [path for path, _, _ in report["photographs without a face"]] == [f"{name}/3.jpg"], "as programs know it"


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_people_in_another_set_are_safe_to_show(name: str, tmp_path: Path, data_prep: Callable) -> None:
    files = {f"{name}/1.jpg": picture(1, 1), "Ann/1.jpg": picture(0, 1)}
    source, out = write_tree(tmp_path / "source", files), tmp_path / "out"
    command = ["folder", "--source", source, "--out", out, "--template", "dlib", "--workers", 1]
    assert data_prep(*command)[0] == 0
    status, printed = data_prep(*command, "--against", out / "manifest.csv")
    assert status == 0
    assert "2 people are in" in printed
    text = printed + (out / "report.md").read_text()
    assert all(character.isprintable() or character == "\n" for character in text)


def test_copies_of_the_same_files_are_listed_once_each(tmp_path: Path, data_prep: Callable) -> None:
    files = {f"lfw/Bob_Baker/Bob_Baker_{number:04d}.jpg": picture(1, 1) for number in range(1, 5)} | lfw_files((9,))
    source, out = write_tree(tmp_path / "source", files), tmp_path / "out"
    assert data_prep("lfw", "--source", source, "--out", out, "--template", "dlib", "--workers", 1)[0] == 0
    rows = (out / "duplicates.csv").read_text().splitlines()[1:]
    assert rows == [
        f"Bob_Baker/Bob_Baker_0001,Bob_Baker/Bob_Baker_000{number},same file,Bob_Baker,Bob_Baker"
        for number in (2, 3, 4)
    ]
