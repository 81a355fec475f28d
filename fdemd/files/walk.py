"""Every file and folder below a folder, and the reason why some are not used."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fdemd.files.hidden import HIDDEN, is_hidden


class Found(NamedTuple):
    """A file or folder below the folder that is walked.

    Attributes:
        path: Path relative to that folder, with forward slashes.
        problem: Why it is not used, in words; empty for a readable file and for a folder that was entered.
        is_folder: Whether it is a folder.
        size: Size of a readable file in bytes.
    """

    path: str
    problem: str = ""
    is_folder: bool = False
    size: int = 0


def walk(folder: Path) -> Iterator[Found]:
    """Yield everything below a folder, in no order.

    Each real folder is entered once, hidden folders are not entered. Links are followed last, so that what lies in the
    folder is known by its own name, whichever links lead to it as well.
    """
    entered: dict[str, str] = {}
    folders, links = [""], deque[str]()
    while folders or links:
        path = folders.pop() if folders else links.popleft()
        first = entered.setdefault(os.path.realpath(folder / path), path)
        if first != path:
            yield Found(path, f"by a link the same folder as {folder / first}", is_folder=True)
            continue
        try:
            entries = sorted(os.scandir(folder / path), key=lambda entry: entry.name)
        except OSError as error:
            yield Found(path or ".", f"a folder that cannot be read ({error.strerror})", is_folder=True)
            continue
        if path:
            yield Found(path, is_folder=True)
        below = []
        for entry in entries:
            found = _looked_at(entry, f"{path}/{entry.name}" if path else entry.name)
            if found.problem or not found.is_folder:
                yield found
            elif entry.is_symlink():
                links.append(found.path)
            else:
                below.append(found.path)
        folders += reversed(below)


def _looked_at(entry: os.DirEntry[str], path: str) -> Found:
    hidden = is_hidden(entry.name)
    try:
        status = entry.stat()
    except (FileNotFoundError, NotADirectoryError):
        return Found(path, HIDDEN if hidden else "a link to nothing")
    except OSError as error:
        is_folder = entry.is_dir(follow_symlinks=False)  # which the folder above tells
        what = "a folder that cannot be read" if is_folder else "cannot be read"
        return Found(path, _hidden(is_folder) if hidden else f"{what} ({error.strerror})", is_folder)
    is_folder = stat.S_ISDIR(status.st_mode)
    if hidden:
        return Found(path, _hidden(is_folder), is_folder)
    if is_folder or stat.S_ISREG(status.st_mode):
        return Found(path, "", is_folder, 0 if is_folder else status.st_size)
    return Found(path, "not a file")


def _hidden(is_folder: bool) -> str:
    return f"{HIDDEN} (a whole folder)" if is_folder else HIDDEN
