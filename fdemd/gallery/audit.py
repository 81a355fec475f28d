"""Who enrolled, renamed, merged or removed whom, and when: the change log, told by numbers alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fdemd.gallery.schema import Change, Person


@dataclass(frozen=True)
class LoggedChange:
    """An entry of the change log.

    The log has no names: that of whoever was removed is gone with the person, and the number, which nobody else ever
    gets, is what is left to tell that it was done.

    Attributes:
        number: Its number; later entries have higher ones.
        made: When, in UTC.
        action: ``enrolled``, ``removed``, ``renamed`` or ``merged``.
        actor: Name of the key by which a server was asked for it; None for the command line and for Python.
        person: Number of the person.
        name: The person's name as it is now; None if there is no such person any more.
        photograph: Number of the one photograph that it is about; None for the whole person.
    """

    number: int
    made: datetime
    action: str
    actor: str | None
    person: int
    name: str | None
    photograph: int | None


def list_changes(session: Session, before: int | None, limit: int) -> list[LoggedChange]:
    """Return the newest entries of the change log, the newest first.

    Args:
        session: A read transaction.
        before: Number of the entry that they come before; None for the newest of all.
        limit: How many at most.
    """
    query = select(Change, Person.name).outerjoin(Person, Person.id == Change.person_id)
    if before is not None:
        query = query.where(Change.id < min(before, 2**63 - 1))
    return [
        LoggedChange(each.id, each.made, each.action, each.actor, each.person_id, name, each.photograph_id)
        for each, name in session.execute(query.order_by(Change.id.desc()).limit(limit))
    ]
