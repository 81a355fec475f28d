"""Configs and cards are found in a checkout, and as a wheel installs them."""

from pathlib import Path

import pytest

from fdemd.files import shipped
from fdemd.files.shipped import is_installed, shipped_folder


def test_the_folders_of_the_project_are_there() -> None:
    assert (shipped_folder("configs") / "evaluate.yaml").is_file()
    assert (shipped_folder("checkpoints") / "dlib.yaml").is_file()


def test_an_installed_package_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "files", lambda name: tmp_path / name)
    assert not is_installed()
    assert shipped_folder("configs") == tmp_path / "configs"
    (tmp_path / "fdemd" / "shipped").mkdir(parents=True)
    assert is_installed()
    assert shipped_folder("configs") == tmp_path / "fdemd" / "shipped" / "configs"
