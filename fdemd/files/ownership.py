"""A file in each folder that fdemd made, by which it knows what it may overwrite or remove: nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from fdemd.errors import InputError
from fdemd.files.writing import cannot_write, is_part, write_text

MARK = ".fdemd"
"""Name of the file that says what fdemd keeps in a folder."""


def is_marked(folder: Path, what: str) -> bool:
    """Return whether fdemd made a folder for a purpose, such as ``prepared faces``."""
    try:
        mark = folder / MARK
        if not mark.is_file():  # a pipe would never end
            return False
        return bool(json.loads(mark.read_text(encoding="utf-8")) == {"made by": "fdemd", "holds": what})
    except (OSError, ValueError):
        return False


def claim(folder: Path, what: str, advice: str = "") -> None:
    """Make a folder and mark it as made by fdemd, or find that it already is.

    Args:
        folder: A folder that is new, empty, or claimed before for the same purpose.
        what: What the folder holds, such as ``prepared faces``.
        advice: What a person can do if it cannot be claimed, such as ``choose another --out``.

    Raises:
        InputError: The folder holds something else, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if is_marked(folder, what):
            return
        # A kill may have come while the mark was written.
        foreign = min((entry.name for entry in folder.iterdir() if not is_part(entry.name)), default=None)
    except OSError as error:
        raise cannot_write(folder, error, advice) from error
    if foreign is not None:
        rest = f"; {advice}" if advice else ""
        raise InputError(
            f"{folder} holds files that fdemd did not write there ({foreign}), and nothing of yours is ever "
            f"overwritten{rest}."
        )
    write_mark(folder, what, advice)


def write_mark(folder: Path, what: str, advice: str = "") -> None:
    """Mark a folder that fdemd is known to have made, just now or in an earlier version.

    Args:
        folder: An existing folder.
        what: What the folder holds.
        advice: What a person can do if it cannot be written.

    Raises:
        InputError: The folder cannot be written.
    """
    write_text(folder / MARK, json.dumps({"made by": "fdemd", "holds": what}) + "\n", advice)
