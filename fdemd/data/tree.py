"""What lies below a folder of people: every file, and why some are not looked at."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fdemd.errors import InputError
from fdemd.files.hidden import HIDDEN, is_hidden
from fdemd.files.text import shown

IMAGE_ENDINGS = frozenset(
    [
        ".avif",
        ".bmp",
        ".gif",
        ".jfif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    ]
)
"""Endings of photographs; Pillow knows others, some of which start other programs (.eps) or are no photographs."""
_PATIENCE, _FEWEST_IMAGES = 20_000, 0.1
"""After so many files and folders, at least this share must be images, or the folder is not one of people. In LFW it is
70 %, and with one photograph a person, two folders deep, 33 %."""
_NAMED = 3
_ENTERED = "a folder that was entered"


class Entry(NamedTuple):
    """A file below a folder, or a folder that was not entered.

    Attributes:
        path: relative to the folder, with forward slashes.
        problem: why it cannot be a photograph, in words; empty if it can.
    """

    path: str
    problem: str


def is_image(path: str) -> bool:
    """Whether a path ends as a photograph's does."""
    return PurePosixPath(path).suffix.lower() in IMAGE_ENDINGS


def is_file(path: Path) -> bool:
    """Whether there is a file; unlike :meth:`pathlib.Path.is_file` it answers no where that may not be known."""
    return not _problem(path)


def is_folder(path: Path) -> bool:
    """Whether there is a folder; likewise."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def entries_below(folder: Path) -> list[Entry]:
    """Everything below a folder, sorted; linked folders are entered, each real folder once, hidden ones not.

    Raises:
        InputError: there is very much in it, and next to no images.
    """
    return sorted(_patiently(folder), key=lambda entry: entry.path.split("/"))


def _patiently(folder: Path) -> Iterator[Entry]:
    """The same unsorted; stops where a home folder or a whole disk was given."""
    seen, images = Counter[str](), 0
    for found in _walk(folder):
        seen[found.path.split("/")[0]] += 1
        images += is_image(found.path)
        if (total := seen.total()) >= _PATIENCE and images < _FEWEST_IMAGES * total:
            most = ", ".join(shown(name) for name, _ in seen.most_common(_NAMED))
            raise InputError(
                f"{folder} does not look like a folder of people: of the first {total:,} files and folders in it "
                f"{images:,} are images (most are in {most}); data.root must be the folder that holds one folder a "
                "person."
            )
        if found.problem != _ENTERED:
            yield found


def _walk(folder: Path) -> Iterator[Entry]:
    """Files, folders that are not entered, and those that are, with the problem ``_ENTERED``."""
    entered: dict[str, str] = {}
    errors: list[OSError] = []
    for here, below, files in os.walk(folder, followlinks=True, onerror=errors.append):
        yield from _unreadable(folder, errors)
        place = os.path.relpath(here, folder)
        before = "" if place == "." else f"{place}/"
        real = os.path.realpath(here)
        if real in entered:
            below.clear()
            yield Entry(place, f"by a link the same folder as {folder / entered[real]}")
            continue
        entered[real] = place
        if before:
            yield Entry(place, _ENTERED)
        for name in files:
            path = before + name
            yield Entry(path, HIDDEN if is_hidden(name) else _problem(folder / path))
        yield from (Entry(before + name, f"{HIDDEN} (a whole folder)") for name in below if is_hidden(name))
        below[:] = sorted(name for name in below if not is_hidden(name))
    yield from _unreadable(folder, errors)


def _unreadable(folder: Path, errors: list[OSError]) -> Iterator[Entry]:
    """The folders that could not be listed, each once."""
    while errors:
        error = errors.pop()
        yield Entry(os.path.relpath(error.filename, folder), f"a folder that cannot be read ({error.strerror})")


def _problem(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "a link to nothing"
    except (OSError, ValueError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or error})"
    return "" if stat.S_ISREG(mode) else "not a file"
