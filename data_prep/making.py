"""All faces of a set, made by several processes; what a killed run made already is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from data_prep.faces import Record, face_path, make_face
from data_prep.journal import Journal
from data_prep.sources import Item, Source
from fdemd.data.workers import end_with_parent
from fdemd.errors import InputError
from fdemd.faces.photographs import Way

_AT_ONCE = 32
"""Photographs that a process takes; so many a process are made again after a kill, at most."""
_PIPELINE = 1
"""Raised when reading, searching or aligning changes, so that faces of two kinds never stand in one folder."""


def make_faces(source: Source, way: Way, out: Path, workers: int) -> tuple[list[Record], int]:
    """Make the faces that are not there yet.

    Args:
        source: the photographs.
        way: how they become faces.
        out: the folder, see :func:`data_prep.faces.face_path`.
        workers: processes; 1 works in this one.

    Returns:
        A record an item, in the order of ``source.items``, and how many photographs were read for it now.

    Raises:
        InputError: the folder cannot be used or written, or a process was killed.
    """
    journal = Journal(out / "journal.jsonl", {**asdict(way), "size": list(way.size), "pipeline": _PIPELINE})
    missing = [item for item in source.items if not _is_done(item, journal.records.get(item.name), out)]
    portions = [missing[start : start + _AT_ONCE] for start in range(0, len(missing), _AT_ONCE)]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(
                "Aligning faces", total=len(source.items), completed=len(source.items) - len(missing)
            )
            for records in _made(source, portions, way, out, workers):
                journal.add(records)
                progress.advance(task, len(records))
    except BrokenProcessPool as error:
        raise InputError(
            "A process that aligned faces was killed, most likely for want of memory; run the same command again with "
            "fewer --workers, and it goes on where it was."
        ) from error
    except OSError as error:
        raise InputError(f"{out} cannot be written ({error}); run the same command again once it can.") from error
    return journal.finish(item.name for item in source.items), len(missing)


def _is_done(item: Item, record: Record | None, out: Path) -> bool:
    if record is None or record.size != item.size:
        return False
    if record.problem:
        return bool(record.sha256)  # what could not even be fetched is tried again
    return (out / face_path(item.name)).is_file()


def _made(
    source: Source, portions: Sequence[Sequence[Item]], way: Way, out: Path, workers: int
) -> Iterator[list[Record]]:
    """Records of all portions, in the order in which they are finished."""
    reader = replace(source, items=(), unused=(), lists={})  # all that the processes need of it
    if workers == 1 or len(portions) == 1:
        for portion in portions:
            yield [make_face(reader, item, way, out) for item in portion]
    elif portions:
        with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (reader, way, out)) as pool:
            pending = [pool.submit(_make_portion, portion) for portion in portions]
            try:
                for done in as_completed(pending):
                    yield done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


_task: tuple[Source, Way, Path]


def _begin(reader: Source, way: Way, out: Path) -> None:
    """Set up a process: one core each, Ctrl-C left to the parent, and gone when the parent is, however it ended."""
    import torch

    global _task
    _task = reader, way, out
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    end_with_parent()


def _make_portion(items: Sequence[Item]) -> list[Record]:
    reader, way, out = _task
    return [make_face(reader, item, way, out) for item in items]
