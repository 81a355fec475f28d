"""The one exception that is the user's to mend, and how every command tells it."""

import difflib
import re
import sys
from collections.abc import Callable, Iterable

from fdemd.files.text import shown


class InputError(ValueError):
    """A mistake in what the user gave (a file, a folder, a setting), told as a sentence.

    The command line prints the sentence alone and exits with status 2.
    """


def unknown(what: str, given: object, choices: Iterable[str]) -> InputError:
    """Return the error for a name that is not one of ``choices``: all of them, the nearest first.

    >>> str(unknown("weighting", "acp", ["apc", "cc", "uniform"]))
    "Unknown weighting 'acp' (did you mean apc?); choose one of apc, cc, uniform."
    """
    names = sorted(choices)
    near = difflib.get_close_matches(str(given), names, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return InputError(f"Unknown {what} {str(given)!r}{hint}; choose one of {', '.join(names)}.")


def exit_status(program: str, work: Callable[[], None], stopped: str = "stopped by Ctrl-C.") -> int:
    """Do the work of a command and return its exit status.

    0; 2 after an :class:`InputError`, told in one line on stderr; 130 after Ctrl-C. Other exceptions are bugs and pass.
    """
    try:
        work()
    except InputError as error:
        print(f"{program}: {_one_line(str(error))}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, SystemExit) as stop:
        # Lightning turns Ctrl-C into an exit of its own.
        if isinstance(stop, SystemExit) and not isinstance(stop.__context__, KeyboardInterrupt):
            raise
        print(f"{program}: {stopped}", file=sys.stderr)
        return 130
    return 0


def _one_line(message: str) -> str:
    """Return ``message`` as it reads after ``program:``, in one line and not capitalised."""
    message = shown(" ".join(message.split()))  # it may quote names that others chose
    return message[:1].lower() + message[1:] if re.match(r"[A-Z][a-z]* ", message) else message
