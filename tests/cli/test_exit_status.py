"""How every command ends: one line on stderr and a status, whatever stopped it."""

import errno
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fdemd.cli.exit_status import exit_status
from fdemd.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def send(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def fails(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "status", "line"),
    [
        (lambda: None, 0, ""),
        (lambda: 5, 5, ""),
        (fails(InputError("The file is\nmissing.")), 2, "program: the file is missing."),
        (send(signal.SIGINT), 130, "program: stopped by Ctrl-C; go on."),
        (send(signal.SIGTERM), 143, "program: stopped by SIGTERM; go on."),
        (
            fails(OSError(errno.ENOSPC, "No space", "a.csv")),
            2,
            "program: the disk is full: a.csv cannot be written; make room.",
        ),
        (fails(OSError(errno.ENOSPC, "No space")), 2, "program: the disk is full; make room."),
    ],
)
def test_a_command_ends_with_a_status_and_one_line(
    work: Callable[[], int | None], status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), sys.unraisablehook
    assert exit_status("program", work, "go on") == status
    assert capsys.readouterr().err.splitlines() == ([line] if line else [])
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), sys.unraisablehook) == before


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"]])
def test_a_reader_that_stops_reading_ends_a_command_without_a_word(words: list[str], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "fdemd", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_another_broken_pipe_is_a_bug(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BrokenPipeError):
        exit_status("program", fails(BrokenPipeError()))


def test_errors_of_the_program_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_status("program", lambda: 1 // 0)
    with pytest.raises(SystemExit):
        exit_status("program", fails(SystemExit(1)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("error", [RuntimeError("C code"), ImportError("half a module"), SystemExit(0)])
def test_a_signal_that_comes_out_as_something_else_is_still_a_signal(
    number: int, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a library's clean-up or an extension module makes of it; Lightning ends with status 0 after SIGTERM."""

    def work() -> None:
        try:
            os.kill(os.getpid(), number)
        except BaseException:
            raise error from None

    assert exit_status("program", work) == 128 + number
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_could_not_be_saved_is_told_along_with_the_signal(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            raise InputError("The disk is full: last.ckpt cannot be written; make room.")

    assert exit_status("program", work) == 143
    assert "last.ckpt cannot be written" in capsys.readouterr().err


def test_a_signal_within_a_finalizer_is_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    class Finalized:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)  # Python drops the exception that is raised here

    def work() -> None:
        Finalized()
        gc.collect()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            time.sleep(0.01)

    assert exit_status("program", work) == 143
    assert capsys.readouterr().err == "program: stopped by SIGTERM.\n"


def test_a_signal_that_was_ignored_stays_so() -> None:
    """A job that ``nohup`` or a shell in the background started."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert exit_status("program", send(signal.SIGTERM)) == 0
    finally:
        signal.signal(signal.SIGTERM, before)


def test_it_works_in_another_thread() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(exit_status("program", fails(InputError("No.")))))
    thread.start()
    thread.join()
    assert found == [2]


@pytest.mark.checkout
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("program", ["train.py", "evaluate.py"])
@pytest.mark.parametrize("module", ["hydra", "omegaconf", "torch"])
def test_a_signal_while_modules_are_imported_is_one_line(
    number: int, program: str, module: str, tmp_path: Path
) -> None:
    # A module of this name that sends the signal, found before the real one.
    (tmp_path / f"{module}.py").write_text(f"import os, time; os.kill(os.getpid(), {int(number)}); time.sleep(60)")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import runpy, sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = [{program!r}]; "
            f"runpy.run_path({program!r}, run_name='__main__')",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 128 + number
    assert len(done.stderr.splitlines()) == 1, done.stderr
