"""Photographs read on many machines: detector, alignment and network run there, the gate and the database here."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray.data

from fdemd.errors import InputError
from fdemd.gallery.cluster.actors import connect
from fdemd.gallery.database import Database
from fdemd.gallery.enrolment import find_known
from fdemd.gallery.faces import SeenPhotograph
from fdemd.gallery.opening import Asked, open_pinned

_AT_ONCE = 8
"""Photographs that a process reads before it tells of them; so many are read again if it dies."""


class Reading:
    """Reads photographs as a gallery does, in a process of its own."""

    def __init__(self, where: str) -> None:
        """Load the gallery's network.

        Raises:
            InputError: The database cannot be used, or the network cannot be had.
        """
        self._database = Database(where, create=False)
        self._reader, self._pin = open_pinned(self._database, Asked(), None, create=False)

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[Any]]:
        """Return what each photograph shows, as bytes; nothing of those that are known already or cannot be read."""
        seen = [self._read(str(person), str(path)) for person, path in zip(rows["person"], rows["path"], strict=True)]
        return {"place": list(rows["place"]), "seen": [pickle.dumps(each) for each in seen]}

    def _read(self, person: str, path: str) -> SeenPhotograph | None:
        try:
            if find_known(self._database, person, Path(path)) is None:
                seen = self._reader.read(Path(path))
                return seen if self._pin.keep == "bytes" else replace(seen, content=b"")  # nobody asks for it
        except InputError:  # whoever enrols it finds the same, and tells it
            pass
        return None


def read_on_cluster(
    address: str, where: str, photographs: Sequence[tuple[str, Path]]
) -> Iterator[tuple[str, SeenPhotograph | Path]]:
    """Read photographs on a Ray cluster, see :func:`fdemd.gallery.cluster.opening.read_on_cluster`.

    A process that dies is replaced, and its photographs are repeated.
    """
    connect(address)
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True  # the gate compares each photograph with those before it
    context.enable_progress_bars = False
    processes = max(1, int(ray.cluster_resources().get("CPU", 1)))
    rows = [{"place": place, "person": person, "path": str(path)} for place, (person, path) in enumerate(photographs)]
    read = ray.data.from_items(rows, override_num_blocks=-(-len(rows) // _AT_ONCE)).map_batches(
        Reading,
        fn_constructor_args=(where,),
        batch_size=_AT_ONCE,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=processes),
        num_cpus=1,
    )
    for row in read.iter_rows():
        person, path = photographs[row["place"]]
        yield person, pickle.loads(row["seen"]) or path
