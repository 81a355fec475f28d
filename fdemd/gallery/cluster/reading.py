"""Photographs read on many machines: detector, alignment and network run there, the gate and the database here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from fdemd.errors import InputError
from fdemd.gallery.database import Database
from fdemd.gallery.enrolment import find_known
from fdemd.gallery.faces import SeenPhotograph
from fdemd.gallery.opening import Asked, open_pinned
from fdemd.runs.ray_cluster import connect, map_on_cluster

_AT_ONCE = 8
"""Photographs that a process reads before it tells of them; so many are read again if it dies."""
Named: TypeAlias = tuple[str, Path]
"""A person and a photograph."""


class Reading:
    """Reads photographs as a gallery does, in a process of its own."""

    def __init__(self, where: str) -> None:
        """Load the gallery's network.

        Raises:
            InputError: The database cannot be used, or the network cannot be had.
        """
        self._database = Database(where, create=False)
        self._reader, self._pin = open_pinned(self._database, Asked(), None, create=False)

    def __call__(self, photograph: Named) -> SeenPhotograph | None:
        """Return what a photograph shows; None of one that is known already or cannot be read."""
        person, path = photograph
        try:
            if find_known(self._database, person, path) is None:
                seen = self._reader.read(path)
                return seen if self._pin.keep == "bytes" else replace(seen, content=b"")  # nobody asks for it
        except InputError:  # whoever enrols it finds the same, and tells it
            pass
        return None


def read_on_cluster(
    address: str, where: str, photographs: Sequence[Named]
) -> Iterator[tuple[str, SeenPhotograph | Path]]:
    """Read photographs on a Ray cluster, see :func:`fdemd.gallery.cluster.opening.read_on_cluster`."""
    connect(address)
    absolute = [(person, path.absolute()) for person, path in photographs]  # a cluster is somewhere else
    # in order: the gate compares each photograph with those before it
    seen = map_on_cluster(partial(Reading, where), absolute, _AT_ONCE, in_order=True)
    for (person, path), each in zip(photographs, seen, strict=True):
        yield person, each or path
