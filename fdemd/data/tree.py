"""What lies below a folder of people: every file, and why some are not looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fdemd.errors import InputError
from fdemd.files.text import to_printable
from fdemd.files.walk import walk

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


class Entry(NamedTuple):
    """A file below a folder, or a folder that was not entered.

    Attributes:
        path: Path relative to the folder, with forward slashes.
        problem: Why it cannot be a photograph, in words; empty if it can.
    """

    path: str
    problem: str


def is_image(path: str) -> bool:
    """Return whether a path ends as a photograph's does."""
    return PurePosixPath(path).suffix.lower() in IMAGE_ENDINGS


def without_ending(path: str) -> str:
    """Return the path of a photograph without its ending; other names stay as they are.

    >>> without_ending("Ann_Able/Ann_Able_0001.JPG"), without_ending("Robert_Downey_Jr._0001")
    ('Ann_Able/Ann_Able_0001', 'Robert_Downey_Jr._0001')
    """
    return path.removesuffix(PurePosixPath(path).suffix) if is_image(path) else path


def entries_below(folder: Path) -> list[Entry]:
    """Everything below a folder as :func:`fdemd.files.walk.walk` finds it, sorted, but for the folders it entered.

    Raises:
        InputError: There is very much in the folder, and next to no images.
    """
    return sorted(_patiently(folder), key=lambda entry: entry.path.split("/"))


def _patiently(folder: Path) -> Iterator[Entry]:
    """The same unsorted; stops where a home folder or a whole disk was given."""
    seen, images = Counter[str](), 0
    for total, found in enumerate(walk(folder), start=1):
        seen[found.path.split("/")[0]] += 1
        images += is_image(found.path)
        if total >= _PATIENCE and images < _FEWEST_IMAGES * total:
            most = ", ".join(to_printable(name) for name, _ in seen.most_common(_NAMED))
            raise InputError(
                f"{folder} does not look like a folder of people: of the first {total:,} files and folders in it "
                f"{images:,} are images (most are in {most}); data.root must be the folder that holds one folder a "
                "person."
            )
        if found.problem or not found.is_folder:
            yield Entry(found.path, found.problem)
