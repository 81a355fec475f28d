"""A training's line or bar on the terminal."""

import re
from collections.abc import Callable

import pytest

from fdemd.runs.loggers import RunLog
from fdemd.runs.progress import TrainingProgress


def test_without_a_terminal_a_training_is_a_line(
    train: Callable[..., RunLog], capsys: pytest.CaptureFixture[str]
) -> None:
    train()
    said = capsys.readouterr()
    assert re.fullmatch(r"step 8/8, loss \d\.\d+, \d+ images/s, 0:00:00 left\n", said.out)
    assert said.err == ""


def test_long_trainings_say_how_long_they_take(
    train: Callable[..., RunLog], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fdemd.runs.progress._LINES", 0.0)
    train(max_epochs=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in lines] == ["step 1/4", "step 2/4", "step 3/4", "step 4/4", "step 4/4"]
    assert all(re.search(r"\d:\d\d:\d\d left$", line) for line in lines[1:])


def test_on_a_terminal_it_is_a_bar(
    train: Callable[..., RunLog], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    monkeypatch.setenv("COLUMNS", "120")
    train()
    said = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", capsys.readouterr().out)
    assert re.search(r"Training ━+ 8/8 loss \d\.\d+, \d+ images/s 0:00:00", said)
    assert "step" not in said


def test_a_bar_ends_with_the_error_that_ends_the_training(train: Callable[..., RunLog]) -> None:
    with pytest.raises(RuntimeError, match="the training broke"):
        train(fails_at=3)
    with pytest.raises(RuntimeError, match="the training broke"):
        train(fails_at=3)  # rich refuses a second bar while one is alive


def test_other_processes_show_nothing(train: Callable[..., RunLog], capsys: pytest.CaptureFixture[str]) -> None:
    bar = TrainingProgress()
    bar.disable()
    bar.on_train_start(None, None)  # type: ignore[arg-type]
    bar.on_train_end(None, None)  # type: ignore[arg-type]
    assert capsys.readouterr().out == ""
