"""Ctrl-C and SIGTERM as exceptions that nobody takes for an error, and that are not lost."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_AGAIN = 0.05
"""Seconds after which a signal is sent again whose exception got lost."""


class Stopped(BaseException):
    """The program was told to stop by a signal: Ctrl-C, or SIGTERM from a scheduler, a container or ``kill``.

    Attributes:
        number: Number of the signal.
        advice: how to go on, as the rest of a sentence; may be empty.
        is_told: False in a process that works along with another, which tells it.
    """

    def __init__(self, number: int, advice: str = "", *, is_told: bool = True) -> None:
        super().__init__(number, advice)
        self.number, self.advice, self.is_told = number, advice, is_told

    @property
    def status(self) -> int:
        """Exit status of the program, as a shell gives it."""
        return 128 + self.number

    def __str__(self) -> str:
        name = "Ctrl-C" if self.number == signal.SIGINT else signal.Signals(self.number).name
        return f"stopped by {name}" + (f"; {self.advice}." if self.advice else ".")


class Received:
    """What arrived so far.

    Attributes:
        number: Number of the last signal; None if there was none.
    """

    def __init__(self) -> None:
        self.number: int | None = None

    def reason(self, error: BaseException) -> Stopped | None:
        """What stopped the program if ``error`` came of a signal; None if it is an error of its own.

        A signal that arrives while C code runs, in an import or in a library's own clean-up, comes out as anything.
        """
        if isinstance(error, Stopped):
            return error
        if self.number is not None:
            return Stopped(self.number)
        # Lightning turns Ctrl-C into an exit of its own.
        interrupted = isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt)
        return Stopped(signal.SIGINT) if interrupted or isinstance(error, KeyboardInterrupt) else None


@contextmanager
def stop_on_signals() -> Iterator[Received]:
    """Raise :class:`Stopped` on SIGTERM and ``KeyboardInterrupt`` on Ctrl-C, wherever the program is.

    Signals that were ignored (``nohup``, jobs in the background) stay so. Outside the main thread nothing changes.
    """
    received = Received()

    def handle(number: int, frame: object) -> None:
        received.number = number
        raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number)

    told_before = sys.unraisablehook

    def send_again(lost: Any) -> None:
        """An exception that a signal raised within a finalizer is dropped by Python."""
        if not issubclass(lost.exc_type, (Stopped, KeyboardInterrupt)):
            told_before(lost)
            return
        number = lost.exc_value.number if isinstance(lost.exc_value, Stopped) else signal.SIGINT
        timer = threading.Timer(_AGAIN, os.kill, (os.getpid(), number))
        timer.daemon = True
        timer.start()

    with handled_by(handle):
        sys.unraisablehook = send_again
        try:
            yield received
        finally:
            sys.unraisablehook = told_before


@contextmanager
def advise_when_stopped(how: Callable[[], str], *, is_told: bool = True) -> Iterator[None]:
    """Say, when a signal stops the program, how all of it goes on: in place of what was said of a part.

    Args:
        how: gives the setting that does it, such as ``resume=RUN``; empty if there is nothing to go on from.
        is_told: False in a process that works along with another, which tells it.

    Raises:
        Stopped: by a signal.
    """
    try:
        yield
    except BaseException as error:
        if (number := _number(error)) is not None:
            if not is_told:
                raise Stopped(number, is_told=False) from error
            if setting := how():
                raise Stopped(number, f"go on with {setting}") from error
        raise


def _number(error: BaseException) -> int | None:
    """The signal that an exception came of, but not the exception: a frame of its traceback must not keep it."""
    stopped = Received().reason(error)
    return stopped.number if stopped else None


@contextmanager
def handled_by(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Have Ctrl-C and SIGTERM call ``handler``, unless they are ignored or this is not the main thread."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if threading.current_thread() is not threading.main_thread():
        before = {}
    before = {number: old for number, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
