"""The words ``KEY=VALUE`` of a command line, as Hydra reads them and as they were typed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from fdemd.errors import InputError
from fdemd.files.user_paths import expand_home

_DEEPEST = 20
"""Lists and sections within one another; OmegaConf calls itself for each."""


@dataclass(frozen=True)
class Word:
    """One argument ``KEY=VALUE``, or one value of a sweep.

    Attributes:
        override: The word as Hydra reads it.
        typed: What stands after the ``=``, as it reached the program.
        problem: Why Hydra cannot read it; the override then has the typed text in quotes, which only settings that
            take text may have.
    """

    override: Override
    typed: str
    problem: InputError | None = None


def read_word(parser: OverridesParser, word: str) -> Word:
    """Read an argument, or one value of a sweep.

    Args:
        parser: Hydra's.
        word: Such as ``rerank.alpha=0.5``.

    Raises:
        InputError: Not even quotes make it readable.
    """
    key, _, typed = word.partition("=")
    try:
        override = parser.parse_overrides([word])[0]
        if not _is_deep(override.value()):
            return Word(override, typed)
        hint = f"lists within lists are more than {_DEEPEST} deep"
    except HydraException:
        quoted = shlex.quote(f'{key}="{typed}"')
        hint = f"brackets must be closed, and text with special characters needs quotes, as in {quoted}"
    except (ValueError, RecursionError):  # Python's limits of digits and of calls
        hint = f"a number in it has thousands of digits, or lists within lists are more than {_DEEPEST} deep"
    problem = InputError(f"cannot read {word!r}; {hint}.")
    try:
        return Word(parser.parse_overrides([f"{key}={verbatim(typed)}"])[0], typed, problem)
    except (HydraException, ValueError, RecursionError):
        raise problem from None


def is_path(typed: str) -> bool:
    """Whether a list with commas is the path of something that is there, and no sweep."""
    try:
        return "/" in typed and expand_home(typed).exists()
    except (InputError, OSError, ValueError):
        return False


def verbatim(text: str) -> str:
    """Return ``text`` in quotes for Hydra, so that nothing in it has a meaning, ``${`` included."""
    escaped = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)
    return str(QuotedString(escaped, Quote.double).with_quotes())


def _is_deep(value: object) -> bool:
    """Whether lists and sections go deeper than :data:`_DEEPEST`."""
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [item for each in level if isinstance(each, list | dict) for item in _items(each)]
    return bool(level)


def _items(value: list[Any] | dict[Any, Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
