"""Names of people, as they may stand on a terminal, on a page and in a table."""

from __future__ import annotations

import unicodedata

from fdemd.errors import InputError
from fdemd.files.text import to_printable
from fdemd.gallery.schema import NAME_LENGTH

_MARKUP = "<>"


def check_name(name: object) -> str:
    """Return the name of a person in the one form in which it is stored (Unicode's NFC, no blanks around it).

    Args:
        name: The name as somebody gave it.

    Raises:
        InputError: It is empty, too long, or has control characters or signs of markup.

    Examples:
        >>> check_name(" Zoe\u0308 Müller ")
        'Zoë Müller'
        >>> check_name("<b>Ann</b>")
        Traceback (most recent call last):
        fdemd.errors.InputError: The name '<b>Ann</b>' has signs of markup (< or >); leave them out.
    """
    if not isinstance(name, str):
        raise InputError(f"The name of a person is a text, not a {type(name).__name__}.")
    told = to_printable(name[:NAME_LENGTH])
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept:
        raise InputError("The name of a person is empty; give one.")
    if not kept.isprintable():
        raise InputError(f"The name '{told}' has characters that cannot be printed; leave them out.")
    if any(sign in kept for sign in _MARKUP):
        raise InputError(f"The name '{told}' has signs of markup (< or >); leave them out.")
    if len(kept) > NAME_LENGTH:
        raise InputError(f"The name '{told}' has {len(kept):,} characters; {NAME_LENGTH} are the most.")
    return kept
