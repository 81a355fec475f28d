"""Folders of runs: never shared, never left behind empty."""

from pathlib import Path

import pytest

from fdemd.errors import InputError
from fdemd.report.files import run_folder, versions


def test_two_runs_at_once_get_two_folders(tmp_path: Path) -> None:
    with run_folder(tmp_path, "dlib-orl") as one, run_folder(tmp_path, "dlib-orl") as other:
        (one / "a").touch()
        (other / "b").touch()
    assert one != other
    assert one.is_dir()
    assert other.is_dir()


def test_a_run_that_fails_before_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), run_folder(tmp_path / "out", "x"):
        raise RuntimeError
    assert not any((tmp_path / "out").iterdir())


def test_an_output_that_is_a_file_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="output=PATH"), run_folder(tmp_path / "file", "x"):
        pass


def test_versions_name_what_decides_results() -> None:
    assert {"python", "fdemd", "torch", "dlib-bin", "opencv-python-headless"} <= versions().keys()
