"""``python -m fdemd.cache``: what is kept, and away with it."""

from pathlib import Path

import pytest

from fdemd.cache.__main__ import main
from fdemd.cache.entries import NewEntry
from tests.cache.conftest import make_old


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """Two entries of features, 1 kB each, one of them last used 40 days ago, and somebody's folder."""
    for name in ("0" * 64, "1" * 64):
        with NewEntry(tmp_path / "features" / name) as new:
            (new.folder / "patches").write_bytes(bytes(1000))
            new.finish()
    make_old(tmp_path / "features" / ("0" * 64), days=40)
    (tmp_path / "features" / "mine").mkdir()
    return tmp_path


def test_list_tells_place_and_size_of_each_kind(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cache", str(full)]) == 0
    assert capsys.readouterr().out == f"{full / 'features'}: 2.0 kB in 2 entries\n"


def test_an_empty_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FDEMD_CACHE", str(tmp_path / "nowhere"))
    assert main([]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'nowhere'}: nothing\n"


def test_clear_takes_entries_of_an_age_and_nothing_else(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cache", str(full), "clear", "--older-than", "30"]) == 0
    assert "1.0 kB removed" in capsys.readouterr().out
    assert sorted(path.name for path in (full / "features").iterdir()) == ["1" * 64, "mine"]
    assert main(["--cache", str(full), "clear"]) == 0
    assert sorted(path.name for path in (full / "features").iterdir()) == ["mine"]


def test_days_are_no_less_than_none(full: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cache", str(full), "clear", "--older-than", "-1"]) == 2
    assert "--older-than is -1" in capsys.readouterr().err
