"""Making all faces of a set with several processes or machines, resuming where a killed run stopped."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
from rich.filesize import decimal

from data_prep.faces import Record, face_path, is_face, make_face
from data_prep.journal import Journal
from data_prep.signals import left_to_this_process
from data_prep.sources import Item, Source
from fdemd.cli.memory import keep_freed_memory
from fdemd.data.workers import end_with_parent
from fdemd.errors import InputError
from fdemd.faces.photographs import Preprocessing
from fdemd.faces.reading import UnreadableImageError
from fdemd.files.text import to_printable
from fdemd.runs.ray_cluster import map_on_cluster
from fdemd.runs.steady_progress import steady_progress, track

_AT_ONCE = 32
"""Photographs that a process takes; so many a process are made again after a kill, at most."""
_AT_ONCE_ON_RAY = 128
"""Likewise on a cluster, where handing out a portion costs more."""
_PIPELINE = 1
"""Raised when reading, searching or aligning changes, so that faces of two kinds never stand in one folder."""


@dataclass(frozen=True)
class _Maker:
    """All that a process needs to make faces."""

    source: Source
    preprocessing: Preprocessing
    out: Path
    advice: str

    def __call__(self, item: Item) -> Record:
        return make_face(self.source, item, self.preprocessing, self.out, self.advice)


def make_faces(
    source: Source, preprocessing: Preprocessing, out: Path, workers: int | None, *, on_ray: bool = False
) -> tuple[list[Record], int]:
    """Make the faces that are not there yet.

    Args:
        source: The photographs.
        preprocessing: How they become faces.
        out: Output folder, see :func:`data_prep.faces.face_path`.
        workers: Number of processes; 1 works in this one, None takes one a core.
        on_ray: Whether the Ray cluster that this process is connected to makes them, all of whose machines reach the
            photographs and ``out`` by the same absolute paths.

    Returns:
        A record an item, in the order of ``source.items``, and the number of photographs that were read in this run.

    Raises:
        InputError: The folder cannot be used or written, or a process was killed.
    """
    settings = {**asdict(preprocessing), "size": list(preprocessing.size), "pipeline": _PIPELINE}
    again = "once it can be, run the same command again, and it goes on where it was"
    with Journal(out / "journal.jsonl", settings, again) as journal:
        missing = _missing(source, journal.records, out)
        room = decimal(3 * preprocessing.size[0] * preprocessing.size[1] * len(missing))
        reader = replace(source, items=(), unused=(), lists={})  # all that the processes need of it
        maker = _Maker(
            reader, preprocessing, out, f"{again} ({len(missing):,} faces are still to be made, up to {room})"
        )
        total = len(source.items)
        try:
            with (
                closing((_made_on_ray if on_ray else _made)(maker, missing, workers)) as made,
                steady_progress("Aligning faces", total, total - len(missing)) as advance,
            ):
                for records in made:
                    journal.add(records)
                    advance(len(records))
        except BrokenProcessPool as error:
            raise InputError(
                "A process that aligned faces was killed, most likely for want of memory; run the same command again "
                "with fewer --workers, and it goes on where it was."
            ) from error
        return journal.finish(item.name for item in source.items), len(missing)


def _missing(source: Source, records: Mapping[str, Record], out: Path) -> list[Item]:
    """Return the items whose photographs or faces are not those of their records."""
    missing, spoilt = [], 0
    for item in track(source.items, "Checking faces") if records else source.items:
        record = records.get(item.name)
        if record is None or not _is_unchanged(source, item, record):
            missing.append(item)
        elif not record.problem and not is_face(out / face_path(item.name), record):
            missing.append(item)
            spoilt += 1
    if spoilt:
        print(f"{spoilt:,} faces in {to_printable(str(out))} are gone or changed, and are made again.", file=sys.stderr)
    return missing


def _is_unchanged(source: Source, item: Item, record: Record) -> bool:
    """Return whether a photograph has the bytes of its record; one that could not be read is tried again."""
    if record.size != item.size or not record.sha256:
        return False
    try:
        return hashlib.sha256(source.read(item)).hexdigest() == record.sha256
    except (UnreadableImageError, OSError):
        return False


def _made(maker: _Maker, items: Sequence[Item], workers: int | None) -> Generator[list[Record], None, None]:
    """Yield the records of all items in portions, in the order in which these are finished."""
    portions = _portions(items, _AT_ONCE)
    if workers == 1 or len(portions) <= 1:
        for portion in portions:
            yield [maker(item) for item in portion]
        return
    context = get_context("spawn")
    ended, end = context.Pipe(duplex=False)
    with ended, ProcessPoolExecutor(workers, context, _begin, (maker, ended)) as pool:
        try:
            with left_to_this_process():
                pending = [pool.submit(_make_portion, portion) for portion in portions]
            for done in as_completed(pending):
                yield done.result()
        finally:
            end.close()  # whereupon the processes end
            pool.shutdown(cancel_futures=True)


def _made_on_ray(maker: _Maker, items: Sequence[Item], workers: int | None) -> Generator[list[Record], None, None]:
    """As :func:`_made`, on a cluster."""
    portions = _portions(items, _AT_ONCE_ON_RAY)
    yield from map_on_cluster(partial(_in_portions, maker), portions, 1, in_order=False, processes=workers)


def _in_portions(maker: _Maker) -> Callable[[Sequence[Item]], list[Record]]:
    return lambda items: [maker(item) for item in items]


def _portions(items: Sequence[Item], at_once: int) -> list[Sequence[Item]]:
    return [items[start : start + at_once] for start in range(0, len(items), at_once)]


_task: tuple[_Maker, Connection]


def _begin(maker: _Maker, ended: Connection) -> None:
    """Set up a process: one core, Ctrl-C left to the parent, ending with the parent however that ends."""
    global _task
    _task = maker, ended
    os.environ["OMP_NUM_THREADS"] = "1"  # of torch, which MTCNN alone needs: to import it takes seconds
    cv2.setNumThreads(1)
    keep_freed_memory()
    end_with_parent()


def _make_portion(items: Sequence[Item]) -> list[Record]:
    """Return the records of a portion, or of its beginning if the parent no longer waits."""
    maker, ended = _task
    return [maker(item) for item in items if not ended.poll()]  # readable as soon as the other end is closed
