"""Whether a gallery is whole: the database's own checks, every reference, every number, and what is searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from sqlalchemy import select
from sqlalchemy.orm import Session

from fdemd.gallery.database import Database
from fdemd.gallery.index import Index, Snapshot
from fdemd.gallery.packing import STORED
from fdemd.gallery.people import without_patches
from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import Patches, Person, Photograph

_TOLERANCE = 1e-4
"""Of the length of an embedding, which is 1."""


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes:
        people: Number of people.
        photographs: Number of photographs.
        problems: What is wrong, a sentence each; none if the gallery is whole.
        notes: What is worth knowing, such as files that are not there any more.
    """

    people: int
    photographs: int
    problems: Sequence[str]
    notes: Sequence[str]


def check(database: Database, pin: Pin, index: Index) -> Checked:
    """Check everything of a gallery, and empty the database's log, so that nothing deleted is left in it."""
    problems = [f"The database is damaged: {each}." for each in database.damage()]
    notes = [] if database.forget_the_deleted() else [_UNERASED]
    fresh, searched = Index(database).current(), index.current()
    if not _same(fresh, searched):
        problems.append("What is searched in this process is not what the database has; open the gallery anew.")
    with database.read() as session:
        people = session.scalars(select(Person.id)).all()
        problems += _wrong_faces(session, fresh, set(people))
        if pin.patches != "none":
            problems += [f"Photograph {number} has no patches." for number in without_patches(session)]
            problems += _wrong_patches(session, pin, fresh)
        missing = [path for path in session.scalars(select(Photograph.path)) if path and not Path(path).is_file()]
    if missing:
        notes.append(f"{len(missing):,} files of enrolled photographs are not where they were, {missing[0]} first.")
    return Checked(len(people), len(fresh), problems, notes)


_UNERASED = (
    "Bytes of what was deleted may still lie in the database's log, since another process is reading; check again once "
    "it is done."
)


def _same(one: Snapshot, other: Snapshot) -> bool:
    if not len(one) or not len(other):  # then the shapes of nothing may differ
        return len(one) == len(other) and one.names == other.names
    pairs = [(one.photographs, other.photographs), (one.people, other.people)]
    if other.embeddings.shape[1]:  # else the shards of a cluster have them
        pairs.append((one.embeddings, other.embeddings))
    return one.names == other.names and all(torch.equal(*pair) for pair in pairs)


def _wrong_faces(session: Session, snapshot: Snapshot, people: set[int]) -> Iterator[str]:
    for number, person in zip(snapshot.photographs.tolist(), snapshot.people.tolist(), strict=True):
        if person not in people:
            yield f"Photograph {number} is of nobody who is enrolled."
    if len(snapshot):
        length = snapshot.embeddings.norm(dim=1)
        for number in snapshot.photographs[~((length - 1).abs() <= _TOLERANCE)].tolist():
            yield f"The embedding of photograph {number} is not a vector of length 1."


def _wrong_patches(session: Session, pin: Pin, snapshot: Snapshot) -> Iterator[str]:
    there = set(snapshot.photographs.tolist())
    size = STORED[pin.dtype].itemsize
    lengths = set()
    for each in session.execute(select(Patches).execution_options(yield_per=500)).scalars():
        if each.photograph_id not in there:
            yield f"There are patches of a photograph {each.photograph_id}, which is not there."
        cells = each.rows * each.columns * size
        lengths.add(len(each.data) / cells)
        if len(each.data) % cells or len(lengths) > 1:
            yield f"The patches of photograph {each.photograph_id} are of another size than the others'."
