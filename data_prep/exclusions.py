"""Excluding people from a set, such as those of CASIA who are in a test set as well."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data_prep.names import person_name
from data_prep.sources import Source, Unused
from fdemd.errors import InputError


def without_people(source: Source, file: Path) -> Source:
    """Return a set without the people that a file names; their photographs are among the unused.

    Args:
        source: The set.
        file: Text file with an identity a line, UTF-8. Leading zeros of numbers do not matter; empty lines and what
            follows ``#`` are skipped.

    Raises:
        InputError: The file cannot be read, or names nobody of the set.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{file}, named by --exclude, cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}, named by --exclude, is not a text file in UTF-8: {error}.") from error
    names = {_plain(name) for line in lines if (name := person_name(line.partition("#")[0]))}
    excluded = [item for item in source.items if _plain(item.identity) in names]
    if not excluded:
        raise InputError(
            f"{file}, named by --exclude, names nobody of the set, whose people are named like "
            f"{source.items[0].identity}."
        )
    if len(excluded) == len(source.items):
        raise InputError(f"{file}, named by --exclude, names everybody of the set, so that nobody is left.")
    strangers = sorted(names - {_plain(item.identity) for item in excluded})
    return replace(
        source,
        items=tuple(item for item in source.items if _plain(item.identity) not in names),
        unused=(
            *source.unused,
            *(Unused(item.shown, f"its person is excluded by {file.name}") for item in excluded),
            *(Unused(name, f"named in {file.name}, but not a person of the set") for name in strangers),
        ),
    )


def _plain(identity: str) -> str:
    return identity.lstrip("0") or "0"
