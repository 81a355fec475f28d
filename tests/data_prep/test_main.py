"""What a user can get wrong is answered with a sentence and status 2."""

from collections.abc import Callable
from pathlib import Path

import pytest

from data_prep.sets import SETS
from tests.data_prep.conftest import lfw_files, picture, write_tar, write_tree

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--template", "insightfaces"], "unknown template 'insightfaces' (did you mean insightface?)"),
        (["--detector", "yolo"], "unknown detector 'yolo'"),
        (["--size", 112, 96], "give another --size"),
        (["--size", 8, 8], "at least 16x16 pixels"),
        (["--workers", 0], "--workers is 0"),
        (["--against", "nowhere.csv"], "nowhere.csv does not exist"),
    ],
)
def test_wrong_options(lfw_tar: Path, tmp_path: Path, data_prep: Callable, options: list, sentence: str) -> None:
    status, printed = data_prep("lfw", "--source", lfw_tar, "--out", tmp_path / "out", *options)
    assert status == 2
    assert sentence in printed
    assert not (tmp_path / "out" / "faces").exists()


def test_another_sets_download_is_told_by_its_names(lfw_tar: Path, tmp_path: Path, data_prep: Callable) -> None:
    status, printed = data_prep("agedb", "--source", lfw_tar, "--out", tmp_path / "out")
    assert status == 2
    assert "none of the 5 files in it is named like a photograph of this set" in printed


def test_one_persons_own_folder_has_no_folder_of_a_person(tmp_path: Path, data_prep: Callable) -> None:
    download = write_tree(tmp_path / "Ann", {"1.jpg": picture(0, 1), "2.jpg": picture(0, 2)})
    status, printed = data_prep("folder", "--source", download, "--out", tmp_path / "out")
    assert status == 2
    assert "none of the 2 files in it lies in a folder of a person (1.jpg: " in printed


def test_queries_need_a_gallery_of_the_same_template(prepared_lfw: Path, tmp_path: Path, data_prep: Callable) -> None:
    download = write_tar(tmp_path / "TALFW.tar", lfw_files())
    arguments = ["talfw", "--source", download, "--workers", 1]
    status, printed = data_prep(*arguments, "--out", tmp_path / "a")
    assert status == 2
    assert "prepare lfw first, and name its manifest with --gallery" in printed
    status, printed = data_prep(*arguments, "--out", tmp_path / "b", "--gallery", prepared_lfw / "manifest.csv")
    assert status == 2
    assert "follow the template dlib, not insightface" in printed
    assert not (tmp_path / "b").exists()  # told before any face is made


def test_an_output_folder_that_cannot_be_written(lfw_tar: Path, tmp_path: Path, data_prep: Callable) -> None:
    (tmp_path / "out").write_text("a file")
    status, printed = data_prep("lfw", "--source", lfw_tar, "--out", tmp_path / "out", "--workers", 1)
    assert status == 2
    assert "cannot be written" in printed


def test_not_one_face(tmp_path: Path, data_prep: Callable) -> None:
    download = write_tree(tmp_path / "people", {"Ann/1.jpg": b"no picture", "Bob/1.jpg": picture(0, 1)[:999]})
    status, printed = data_prep("folder", "--source", download, "--out", tmp_path / "out", "--workers", 1)
    assert status == 2
    assert "none of the 2 photographs gave a face; the first, Ann/1: unreadable" in printed


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_set_is_documented(name: str) -> None:
    assert f"fdemd prepare {name} " in (REPOSITORY / "docs" / "data.md").read_text()
