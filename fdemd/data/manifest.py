"""The list of photographs: who is on each, and which may be queries or gallery."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path

from fdemd.errors import InputError


@dataclass(frozen=True, slots=True)
class Photograph:
    """One row of a manifest; in slots, since there may be a million of them.

    Attributes:
        path: Path relative to the manifest's root, with forward slashes.
        identity: Name of the person.
        source: Path of the photograph this one was made from; its own path if it is an original.
        split: Part of the data, in free text such as ``train`` or ``test``.
        is_query: Whether it may be searched for.
        is_gallery: Whether it may be found.
        aligned: Name of the alignment that the file follows already; empty if it is a photograph as taken.

    Example:
        >>> Photograph("Ann/1_masked.jpg", "Ann", source="Ann/1.jpg", is_gallery=False).split
        ''
    """

    path: str
    identity: str
    source: str
    split: str = ""
    is_query: bool = True
    is_gallery: bool = True
    aligned: str = ""


def rows_digest(photographs: Iterable[Photograph]) -> str:
    """Return the sha256 of all that some rows say: paths, people, sources and what may be done with them."""
    values = attrgetter(*(field.name for field in fields(Photograph)))
    digest, comma = hashlib.sha256(b"["), ""
    for photograph in photographs:  # as json.dumps writes a list of them, which would take gigabytes
        digest.update(f"{comma}{json.dumps(values(photograph))}".encode())
        comma = ", "
    digest.update(b"]")
    return digest.hexdigest()


@dataclass(frozen=True)
class Manifest:
    """Photographs below one folder; :mod:`fdemd.data.manifest_file` reads and writes them as CSV.

    Attributes:
        root: The folder.
        photographs: Rows of the manifest, none of whose paths occurs twice.
        ignored: Files of the folder that are no photographs of the manifest, with the reason.
    """

    root: Path
    photographs: tuple[Photograph, ...]
    ignored: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for photograph in self.photographs:
            if photograph.path in seen:
                raise InputError(f"{photograph.path} stands twice in the list of photographs of {self.root}.")
            seen.add(photograph.path)

    def __len__(self) -> int:
        return len(self.photographs)

    def file(self, photograph: Photograph) -> Path:
        """Return where a photograph lies."""
        return self.root / photograph.path


def check_identities(photographs: Iterable[Photograph], where: Path | str) -> None:
    """Check that there is something to identify.

    Args:
        photographs: The photographs.
        where: What they are of, for the error.

    Raises:
        InputError: There is no photograph, or only one person.
    """
    people = {photograph.identity for photograph in photographs}
    if not people:
        raise InputError(f"{where} has no photographs in it.")
    if len(people) == 1:
        raise InputError(
            f"{where} has photographs of one person only ({people.pop()}); identification needs at least two people, "
            "one folder each."
        )
