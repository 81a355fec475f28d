"""Long work says how far it is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest

from fdemd.runs import steady_progress
from fdemd.runs.steady_progress import track


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass, in seconds."""
    now = [1000.0]
    monkeypatch.setattr(steady_progress, "monotonic", lambda: now[0])

    def wait(seconds: float) -> None:
        now[0] += seconds

    return wait


def test_a_log_gets_a_line_every_thirty_seconds(
    passing: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in track(range(1000), "Aligning faces"):
        passing(1)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Aligning faces: 30 of 1,000 (3 %), 16 min left"
    assert lines[-1] == "Aligning faces: 990 of 1,000 (99 %), 10 s left"
    assert len(lines) == 33


def test_what_an_earlier_run_did_counts_but_tells_nothing_about_the_speed(
    passing: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with steady_progress.steady_progress("Aligning faces", 1300, done=1200) as advance:
        passing(60)
        advance(32)
    assert capsys.readouterr().err == "Aligning faces: 1,232 of 1,300 (95 %), 2 min left\n"


def test_things_of_unknown_number_are_counted(
    passing: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in track(iter(range(2)), "Looking at faces"):
        passing(31)
    assert capsys.readouterr().err.splitlines() == ["Looking at faces: 1", "Looking at faces: 2"]


def test_short_work_says_nothing_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(["a", "b"], "Aligning faces")) == ["a", "b"]
    printed = capsys.readouterr()
    assert printed.out + printed.err == ""


def test_a_terminal_gets_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    assert list(track(range(3), "Aligning faces")) == [0, 1, 2]
    assert "Aligning faces" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[1A\x1b[2K")  # the line of the bar is empty again
