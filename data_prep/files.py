"""Files that are there whole or not at all, whenever the program is killed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fdemd.errors import InputError


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of ``path`` when all is written."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        yield file
    part.replace(path)


def link(file: Path, target: Path) -> None:
    """The same file under another name, or a copy where the two folders are on different disks.

    Raises:
        InputError: the file is missing.
    """
    if not file.is_file():
        raise InputError(f"{file} of the gallery's manifest is missing; run python -m data_prep verify on it.")
    if target.is_file() and (target.samefile(file) or target.stat().st_size == file.stat().st_size):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(file, target)
    except OSError:
        with replaced(target) as copy, file.open("rb") as original:
            shutil.copyfileobj(original, copy)
