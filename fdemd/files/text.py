"""Names that others chose, made safe to show: on a terminal, in a table that a spreadsheet may open."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def to_printable(text: str) -> str:
    r"""Return ``text`` as it may be printed: control characters and bytes that are no text become escapes.

    >>> print(to_printable("a\x1b[2Jb\nc"))
    a\x1b[2Jb\nc
    >>> to_printable("José (2)")
    'José (2)'
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or unicodedata.category(character) == "Zs"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def csv_cell(value: object) -> object:
    """Return a value as a cell: text that a spreadsheet would run as a formula gets an apostrophe before it.

    >>> csv_cell("=1+1"), csv_cell("anna"), csv_cell(-3)
    ("'=1+1", 'anna', -3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def csv_table(rows: Iterable[Sequence[object]]) -> str:
    """Return a table for people as CSV. What is read back by a program (a manifest) is not written by this."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(
        [csv_cell(to_printable(value) if isinstance(value, str) else value) for value in row] for row in rows
    )
    return text.getvalue()
