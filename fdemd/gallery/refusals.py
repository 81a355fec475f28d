"""Kinds of mistakes that a program, such as a server, tells apart; people are told the sentence alike."""

from fdemd.errors import InputError


class NotThereError(InputError):
    """There is no such person or photograph."""


class TakenError(InputError):
    """Somebody else has this name."""


class UnavailableError(InputError):
    """The database cannot be used at the moment; the same request may succeed later."""
