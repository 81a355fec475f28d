"""The one exception that is the user's to mend."""

import difflib
import re
from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in what the user gave (a file, a folder, a setting), told as a sentence.

    The command line prints the sentence alone and exits with status 2.
    """


def unknown(what: str, given: object, choices: Iterable[str]) -> InputError:
    """Return the error for a name that is not one of ``choices``: all of them, the nearest first.

    >>> str(unknown("weighting", "acp", ["apc", "cc", "uniform"]))
    "Unknown weighting 'acp' (did you mean apc?); choose one of apc, cc, uniform."
    >>> str(unknown("metric", "R-Precision", ["P@1", "RP", "MAP@R"]))
    "Unknown metric 'R-Precision' (did you mean RP?); choose one of MAP@R, P@1, RP."
    """
    names = sorted(choices)
    lowered = {name.casefold(): name for name in reversed(names)}
    text = str(given).casefold()
    initials = re.sub(r"[\s_-]", "", re.sub(r"([^\W_])[^\W_]*", r"\1", text))
    near = [initials] if initials in lowered else difflib.get_close_matches(text, lowered, n=1)
    hint = f" (did you mean {lowered[near[0]]}?)" if near else ""
    return InputError(f"Unknown {what} {str(given)!r}{hint}; choose one of {', '.join(names)}.")
