"""Text from elsewhere, made safe to print on a terminal and to write into a table that a spreadsheet may open."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def to_printable(text: str) -> str:
    r"""Return a text that is safe to print: control characters and undecodable bytes are escaped.

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
    """Return a value as a cell of a CSV table; text that a spreadsheet would run as a formula gets an apostrophe.

    >>> csv_cell("=1+1"), csv_cell("anna"), csv_cell(-3)
    ("'=1+1", 'anna', -3)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def csv_table(rows: Iterable[Sequence[object]]) -> str:
    r"""Return a table as CSV for people; programs that read it back (manifests) need an exact writer.

    >>> csv_table([("name", "score"), ("=anna", 0.5)])
    "name,score\n'=anna,0.5\n"
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(
        [csv_cell(to_printable(value) if isinstance(value, str) else value) for value in row] for row in rows
    )
    return text.getvalue()
