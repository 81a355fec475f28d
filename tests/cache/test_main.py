"""``python -m fdemd.cache``: what is kept, and away with it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fdemd.cache.__main__ import main
from fdemd.cache.entry_writer import EntryWriter
from tests.cache.conftest import make_old
from tests.cache.test_entries import FOREIGN


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Two entries of features, 1 MB each, one of them last used 40 days ago, and somebody's folder."""
    for name in ("0" * 64, "1" * 64):
        with EntryWriter(tmp_path / "features" / name, "features") as new:
            new.write({"patches": torch.zeros(1_000_000, dtype=torch.uint8)})
            new.finish(name, {})
    make_old(tmp_path / "features" / ("0" * 64), days=40)
    (tmp_path / "features" / "mine").mkdir()
    return tmp_path


def test_list_tells_place_and_size_of_each_kind(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cache", str(full)]) == 0
    assert capsys.readouterr().out == f"{full / 'features'}: 2.0 MB in 2 entries\n"


def test_an_empty_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path / "nowhere"))
    assert main([]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'nowhere'}: nothing\n"
    assert main(["--cache", ""]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'nowhere'}: nothing\n", "not the current folder"


def test_clear_takes_entries_of_an_age_and_nothing_else(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cache", str(full), "clear", "--older-than", "30"]) == 0
    assert "1.0 MB removed" in capsys.readouterr().out
    assert sorted(path.name for path in (full / "features").iterdir()) == ["1" * 64, "mine"]
    assert main(["--cache", str(full), "clear"]) == 0
    assert sorted(path.name for path in (full / "features").iterdir()) == ["mine"]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_clear_removes_nothing_that_we_did_not_make(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], foreign: Callable[[Path], None]
) -> None:
    cache = tmp_path / "cache"
    foreign(cache)
    before = sorted(tmp_path.rglob("*"))
    assert main(["--cache", str(cache)]) == 0
    assert main(["--cache", str(cache), "clear"]) == 0
    assert capsys.readouterr().out == f"{cache}: nothing\n{cache}: 0 bytes removed\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_unfinished_is_shown_and_cleared_unless_a_program_is_making_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = tmp_path / "faces"
    with EntryWriter(kind / ("0" * 64), "faces", resumable=True) as new:
        new.write({"images": torch.zeros(1_000_000, dtype=torch.uint8)})
        new.keep = True
    with EntryWriter(kind / ("1" * 64), "faces", resumable=True) as running:
        running.write({"images": torch.zeros(2_000_000, dtype=torch.uint8)})
        running.flush()
        assert main(["--cache", str(tmp_path)]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"{kind}: 1.0 MB in 1 entry, unfinished, of runs that were broken off",
            f"{kind}: 2.0 MB in 1 entry, being made by a running program",
        ]
        assert main(["--cache", str(tmp_path), "clear"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"{tmp_path}: 1.0 MB removed",
            f"{tmp_path}: 1 left that running programs are making",
        ]
        assert list(kind.iterdir()) == [running.folder]


def test_days_are_no_less_than_none(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cache", str(full), "clear", "--older-than", "-1"]) == 2
    assert "--older-than is -1" in capsys.readouterr().err


def test_entries_of_somebody_else_are_told_and_the_others_cleared(full: Path, as_other_user: list[str]) -> None:
    with EntryWriter(full / "faces" / ("2" * 64), "faces") as new:
        new.write({"images": torch.zeros(1_000_000, dtype=torch.uint8)})
        new.finish("", {})
    (full / "features").chmod(0o555)
    command = [*as_other_user, sys.executable, "-m", "fdemd.cache", "--cache", str(full), "clear"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == f"{full}: 1.0 MB removed\n"
    first = full / "features" / ("0" * 64)
    assert done.stderr == f"cache: 2 entries cannot be removed; the first is {first} (Permission denied).\n"
