"""What the command line says of settings."""

import shlex
from collections.abc import Callable

import pytest

from fdemd.cli.command_line import main

Told = Callable[[str, str], str]


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
