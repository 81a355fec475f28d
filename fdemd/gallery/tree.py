"""A folder with one folder a person, as a list of who is on which photograph."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from fdemd.data.names import identity_of
from fdemd.data.tree import entries_below, is_image
from fdemd.errors import InputError
from fdemd.files.user_paths import check_folder


class Listed(NamedTuple):
    """What lies below a folder.

    Attributes:
        people: Name of a person -> the photographs, in the order of their paths.
        ignored: Other files and why they are no photographs of a person.
    """

    people: dict[str, list[Path]]
    ignored: list[tuple[str, str]]


def list_people(folder: Path) -> Listed:
    """List the photographs of a folder with one folder a person.

    Args:
        folder: The folder.

    Raises:
        InputError: It is missing, or has no photograph in a person's folder.
    """
    root = check_folder(folder, "The folder of people", "name one that holds a folder for each person")
    people: dict[str, list[Path]] = {}
    ignored = []
    for path, problem in entries_below(root):
        person, _, rest = path.partition("/")
        if problem:
            ignored.append((path, problem))
        elif not is_image(path):
            ignored.append((path, "not an image by its name"))
        elif not rest:
            ignored.append((path, "not in a person's folder"))
        else:
            people.setdefault(identity_of(person), []).append(root / path)
    if not people:
        raise InputError(
            f"{folder} has no photograph in a person's folder; it must hold a folder for each person, or name the "
            "person with --person NAME."
        )
    return Listed(people, ignored)
