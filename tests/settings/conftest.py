"""What the command line says of settings, and packages that bring plug-ins."""

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fdemd.cli.command_line import main
from tests.plugins import choices_forgotten, write_package

Told = Callable[[str, str], str]
Install = Callable[[str, dict[str, dict[str, str]]], None]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Gives the one sentence that a command line is refused with, before anything runs."""

    def call(job: str, line: str) -> str:
        assert main(job, lambda settings: pytest.fail("ran"), "Test.", shlex.split(line)) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"{job}: ") and err.endswith(".\n") and err.count("\n") == 1
        return err.removeprefix(f"{job}: ")

    return call


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a package for one test."""

    def call(module: str, entry_points: dict[str, dict[str, str]]) -> None:
        monkeypatch.syspath_prepend(write_package(tmp_path / "site-packages", module, entry_points))
        monkeypatch.delitem(sys.modules, "plugged_in", raising=False)

    with choices_forgotten():
        yield call
