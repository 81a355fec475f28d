"""What is searched, in memory: every enrolled face as a unit vector, kept up to date from the database's change log."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from torch import Tensor

from fdemd.gallery.database import Database
from fdemd.gallery.packing import unpack_embeddings
from fdemd.gallery.pin import check_pinned, read_pin
from fdemd.gallery.schema import Change, Person, Photograph
from fdemd.retrieval.unit_search import UnitIndex

_MANY = 2000
"""Changes from which on everything is read anew; a database takes no longer list of numbers gladly."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The gallery as it was at one moment; it never changes, so that a search is not disturbed by those who enrol.

    Attributes:
        change: Number of the last change that it knows.
        embeddings: ``(G, D)`` float32, unit vectors; ``D`` is 0 where the shards of a cluster have them.
        photographs: ``(G,)`` int64 number of each face's photograph, rising, so that every process ranks equal cosines
            alike.
        people: ``(G,)`` int64 number of each face's person.
        names: Number of a person -> name; also of those without a photograph. A part of a gallery needs none.
    """

    change: int
    embeddings: Tensor
    photographs: Tensor
    people: Tensor
    names: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.photographs)

    @cached_property
    def size(self) -> int:
        """Number of people who have a photograph."""
        return len(self.people.unique())

    @cached_property
    def index(self) -> UnitIndex:
        """What compares with every face. It copies nothing, so that a new snapshot costs nothing."""
        return UnitIndex(self.embeddings)


_Faces = tuple[Tensor, Tensor, Tensor]
"""Embeddings, photographs and people, see :class:`Snapshot`."""


@dataclass(frozen=True)
class Part:
    """A share of a gallery's faces. The photograph's number decides, so that every process finds the same for good.

    Attributes:
        number: Which part it is, from 0.
        parts: How many there are.
    """

    number: int
    parts: int

    @property
    def condition(self) -> ColumnElement[bool]:
        """What holds for its photographs in the database."""
        return Photograph.id % self.parts == self.number


class Index:
    """The newest snapshot, for all threads of a process."""

    def __init__(self, database: Database, part: Part | None = None, *, embeddings: bool = True) -> None:
        """Read everything.

        Args:
            database: The gallery's.
            part: The faces to know, without names; None for all, with them.
            embeddings: Whether the embeddings are read, or left to the shards of a cluster.

        Raises:
            InputError: The database cannot be read.
        """
        self._database, self._lock = database, threading.Lock()
        self._part, self._embeddings = part, embeddings
        self._rows = _Rows()
        with database.read() as session:
            self._pin = read_pin(session)
            self._snapshot = self._read_all(session)

    def current(self) -> Snapshot:
        """Return the gallery as it is now: whatever any process committed before this call is in it.

        Raises:
            InputError: It was moved to another network.
        """
        with self._lock, self._database.read() as session:
            newest = session.scalar(select(func.max(Change.id))) or 0
            if newest != self._snapshot.change:
                if self._pin is not None:
                    check_pinned(session, self._pin, self._database.name)
                self._snapshot = self._read_changes(session)
            return self._snapshot

    def _read_all(self, session: Session) -> Snapshot:
        newest = session.scalar(select(func.max(Change.id))) or 0
        return Snapshot(newest, *self._rows.replaced(*self._faces(session)), self._names(session))

    def _read_changes(self, session: Session) -> Snapshot:
        """Read again what the new changes are about, as it is now: a later change to it is then read twice, no harm."""
        old = self._snapshot
        changes = session.execute(
            select(Change.id, Change.person_id, Change.photograph_id).where(Change.id > old.change).order_by(Change.id)
        ).all()
        if len(changes) > _MANY or not changes:  # none: a database that was put back to an earlier state
            return self._read_all(session)
        people = {change.person_id for change in changes}
        whole = {change.person_id for change in changes if change.photograph_id is None}
        single = {change.photograph_id for change in changes if change.photograph_id is not None}
        names = {number: name for number, name in old.names.items() if number not in people}
        names |= self._names(session, Person.id.in_(people))
        new = self._faces(session, Photograph.person_id.in_(whole) | Photograph.id.in_(single))
        gone = torch.isin(old.people, torch.tensor(sorted(whole), dtype=torch.long))
        gone |= torch.isin(old.photographs, torch.tensor(sorted(single), dtype=torch.long))
        gone |= torch.isin(old.photographs, new[1])
        rows = self._rows.changed((old.embeddings, old.photographs, old.people), ~gone, new)
        return Snapshot(changes[-1].id, *rows, names)

    def _names(self, session: Session, *which: ColumnElement[bool]) -> dict[int, str]:
        if self._part is not None:
            return {}
        return {person.id: person.name for person in session.execute(select(Person.id, Person.name).where(*which))}

    def _faces(self, session: Session, *which: ColumnElement[bool]) -> _Faces:
        if self._part is not None:
            which = *which, self._part.condition
        columns: list[Any] = [Photograph.id, Photograph.person_id]
        if self._embeddings:
            columns.append(Photograph.embedding)
        found = session.execute(select(*columns).where(*which).order_by(Photograph.id)).all()
        photographs, people = (torch.tensor([row[place] for row in found], dtype=torch.long) for place in (0, 1))
        if not self._embeddings or not found:
            return torch.zeros(len(found), 0), photographs, people
        return unpack_embeddings([row[2] for row in found]), photographs, people


class _Rows:
    """Room for embeddings that grows by doubling, so that one more face does not copy all; old snapshots share it.

    A snapshot sees the first rows alone, and what is added lies after all of them.
    """

    def __init__(self) -> None:
        self._room = torch.zeros(0, 0)
        self._used = 0

    def replaced(self, embeddings: Tensor, photographs: Tensor, people: Tensor) -> _Faces:
        self._room, self._used = embeddings, len(embeddings)
        return embeddings, photographs, people

    def changed(self, old: _Faces, kept: Tensor, new: _Faces) -> _Faces:
        """Return the faces that are kept and the new ones, in the order of their photographs."""
        if not len(new[0]):
            return old if kept.all() else self.replaced(*(part[kept] for part in old))
        follows = not len(old[1]) or int(new[1][0]) > int(old[1][-1])
        ids = torch.cat([old[1][kept], new[1]]), torch.cat([old[2][kept], new[2]])
        if len(old[0]) and follows and kept.all() and self._used == len(old[0]):
            return self._appended(new[0]), *ids
        parts = [old[0][kept], new[0]] if len(old[0]) else [new[0]]
        order = ids[0].argsort()
        return self.replaced(torch.cat(parts)[order], ids[0][order], ids[1][order])

    def _appended(self, embeddings: Tensor) -> Tensor:
        first, self._used = self._used, self._used + len(embeddings)
        if self._used > len(self._room):
            room = torch.empty(2 * self._used, embeddings.shape[1])
            room[:first] = self._room[:first]
            self._room = room
        self._room[first : self._used] = embeddings
        return self._room[: self._used]
