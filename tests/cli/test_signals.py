"""SIGTERM ends an evaluation with a status that make and schedulers see, whatever Lightning makes of it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fdemd.cli.signals import Received, Stopped, advise_when_stopped
from fdemd.embedding.datasets import EmbeddingModule


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C")])
def test_an_evaluation_that_is_told_to_stop_ends_in_one_line(
    number: int,
    name: str,
    few_people: Path,
    run_evaluate: Callable[..., tuple[int, str, Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told(*arguments: Any) -> None:
        os.kill(os.getpid(), number)

    monkeypatch.setattr(EmbeddingModule, "test_step", told)
    words = ["data=folder", f"data.root='{few_people}'", "data.num_workers=0", "trainer=cpu", "--no-rerank"]
    words.append("features.store=false")  # those of another test would leave nothing to stop
    status, printed, folder = run_evaluate(*words)
    assert status == 128 + number
    assert f"evaluate: stopped by {name}." in printed
    assert "Traceback" not in printed
    assert not (folder / "results.json").exists()


def test_what_stopped_a_program_is_told_from_errors_of_its_own() -> None:
    received = Received()
    assert received.reason(ValueError()) is None
    assert received.reason(SystemExit(1)) is None
    interrupted = received.reason(KeyboardInterrupt())
    assert interrupted and (interrupted.status, str(interrupted)) == (130, "stopped by Ctrl-C.")
    stopped = Stopped(signal.SIGTERM, "go on with resume=RUN")
    assert received.reason(stopped) is stopped
    assert (stopped.status, str(stopped)) == (143, "stopped by SIGTERM; go on with resume=RUN.")
    received.number = signal.SIGTERM
    assert isinstance(received.reason(RuntimeError()), Stopped)


@pytest.mark.parametrize(
    ("raised", "setting", "is_told", "sentence"),
    [
        (Stopped(signal.SIGTERM, "go on with resume=PART"), "resume=ALL", True, "by SIGTERM; go on with resume=ALL."),
        (KeyboardInterrupt(), "resume=ALL", True, "by Ctrl-C; go on with resume=ALL."),
        (Stopped(signal.SIGTERM, "go on with resume=PART"), "", True, "by SIGTERM; go on with resume=PART."),
        (Stopped(signal.SIGTERM), "resume=ALL", False, "by SIGTERM."),
    ],
)
def test_a_stopped_program_tells_how_all_of_it_goes_on(
    raised: BaseException, setting: str, is_told: bool, sentence: str
) -> None:
    with pytest.raises(Stopped) as caught, advise_when_stopped(lambda: setting, is_told=is_told):
        raise raised
    assert str(caught.value) == f"stopped {sentence}"
    assert caught.value.is_told == is_told


def test_an_error_of_its_own_tells_nothing_of_going_on() -> None:
    with pytest.raises(ZeroDivisionError), advise_when_stopped(lambda: "resume=ALL"):
        raise ZeroDivisionError
