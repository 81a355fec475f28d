"""How every command ends: one sentence for a mistake, and the status that the shell sees."""

import os
import re
import select
import signal
import sys
from collections.abc import Callable

from fdemd.cli.memory import keep_freed_memory
from fdemd.cli.signals import Received, Stopped, stop_on_signals
from fdemd.errors import InputError
from fdemd.files.disk import is_full
from fdemd.files.text import to_printable


def exit_status(program: str, work: Callable[[], int | None], advice: str = "") -> int:
    """Do the work of a command and return its exit status.

    0, or what ``work`` returns; 2 after an :class:`InputError` or on a full disk, 130 after Ctrl-C, 143 after SIGTERM:
    each told in one line on stderr. 141, without a word, if nobody reads what is printed any more, as after ``| head``.
    Other exceptions are bugs and pass.

    Args:
        program: Name of the command, with which the line begins.
        work: What the command does; it may import what is slow to import.
        advice: How to go on after it was stopped, such as ``the same command goes on where it was``.
    """
    keep_freed_memory()
    with stop_on_signals() as received:
        try:
            status = work() or 0
            sys.stdout.flush()
            return status
        except BaseException as error:
            # No local may keep the exception: its traceback would keep this frame, and data workers with it.
            told = _told(error, received, advice)
            if told is None:
                raise
            sentence, status = told
    if sentence:
        print(f"{program}: {sentence}", file=sys.stderr)
    return status


def _told(error: BaseException, received: Received, advice: str) -> tuple[str, int] | None:
    """The sentence, which may be empty, and the status for what ended a command; None if it is a bug."""
    if stopped := received.reason(error):
        # What could not be saved must be known.
        problem = f" ({_one_line(str(error))})" if isinstance(error, InputError) else ""
        sentence = f"{Stopped(stopped.number, stopped.advice or advice)}{problem}" if stopped.is_told else ""
        return sentence, stopped.status
    if isinstance(error, InputError):
        return _one_line(str(error)), 2
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        return "", 128 + signal.SIGPIPE
    if isinstance(error, OSError) and is_full(error):
        where = f": {to_printable(str(error.filename))} cannot be written" if error.filename else ""
        return f"the disk is full{where}; make room.", 2
    return None


def _nobody_reads() -> bool:
    """Whether stdout is a pipe that was closed at its other end; what is left to print is then thrown away."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    if not any(event & select.POLLERR for _, event in poll.poll(0)):
        return False
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return True


def _one_line(message: str) -> str:
    """Return ``message`` as it reads after ``program:``, in one line and not capitalised."""
    message = to_printable(" ".join(message.split()))  # it may quote names that others chose
    return message[:1].lower() + message[1:] if re.match(r"[A-Z][a-z]* ", message) else message
