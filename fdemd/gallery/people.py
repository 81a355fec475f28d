"""Who is enrolled: listing, renaming, merging and removing people, each in one transaction with its log entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from fdemd.errors import InputError, unknown
from fdemd.gallery.names import check_name
from fdemd.gallery.schema import Change, Patches, Person, Photograph

_SHOWN = 20
"""Names that an error lists at most."""


@dataclass(frozen=True)
class EnrolledPhotograph:
    """A photograph of somebody who is enrolled.

    Attributes:
        number: Its number, by which it is removed.
        path: Its file, if the gallery keeps paths.
        sha256: Of its bytes.
        enrolled: When, in UTC.
    """

    number: int
    path: str | None
    sha256: str
    enrolled: datetime


@dataclass(frozen=True)
class EnrolledPerson:
    """Somebody who is enrolled.

    Attributes:
        name: The name.
        enrolled: When the person was, in UTC.
        photographs: The person's photographs, in the order of their numbers.
    """

    name: str
    enrolled: datetime
    photographs: Sequence[EnrolledPhotograph]


class Removal(NamedTuple):
    """What was removed.

    Attributes:
        photographs: Number of photographs.
        erased: Whether nothing of it is left in the database's files; if not, another process was reading all the
            time, and ``check`` erases it once it is done.
    """

    photographs: int
    erased: bool


def list_people(session: Session) -> list[EnrolledPerson]:
    """Return everybody, by name."""
    of_person: dict[int, list[EnrolledPhotograph]] = {}
    columns = Photograph.person_id, Photograph.id, Photograph.path, Photograph.sha256, Photograph.enrolled
    for row in session.execute(select(*columns).order_by(Photograph.id)):
        enrolled = EnrolledPhotograph(row.id, row.path, row.sha256, row.enrolled)
        of_person.setdefault(row.person_id, []).append(enrolled)
    people = session.execute(select(Person.id, Person.name, Person.enrolled))
    found = [EnrolledPerson(row.name, row.enrolled, of_person.get(row.id, [])) for row in people]
    return sorted(found, key=lambda person: person.name)


def number_of(session: Session, name: str) -> int:
    """Return the number of a person.

    Raises:
        InputError: Nobody has this name.
    """
    name = check_name(name)
    number = session.scalar(select(Person.id).where(Person.name == name))
    if number is not None:
        return number
    names = session.scalars(select(Person.name).order_by(Person.name).limit(_SHOWN + 1)).all()
    if not names:
        raise InputError(f"There is nobody called '{name}': the gallery is empty.")
    if len(names) > _SHOWN:
        raise InputError(f"There is nobody called '{name}'; the gallery's list has all names.")
    raise unknown("person", name, names)


def rename_person(session: Session, name: str, new: str) -> None:
    """Give a person another name.

    Raises:
        InputError: Nobody has this name, or somebody has the new one.
    """
    number, new = number_of(session, name), check_name(new)
    other = session.scalar(select(Person.id).where(Person.name == new))
    if other is not None and other != number:
        raise InputError(f"There is somebody called '{new}' already; merge the two if they are one person.")
    session.execute(update(Person).where(Person.id == number).values(name=new))
    session.add(Change(action="renamed", person_id=number))


def merge_people(session: Session, name: str, into: str) -> int:
    """Give all photographs of one person to another, and remove the first; return how many were given.

    Photographs that both have are kept once.

    Raises:
        InputError: Nobody has one of the names, or they are the same.
    """
    one, other = number_of(session, name), number_of(session, into)
    if one == other:
        raise InputError("Two people are needed to merge them, and both names are of one.")
    both = select(Photograph.sha256).where(Photograph.person_id == other).scalar_subquery()
    moved = session.scalars(
        select(Photograph.id).where(Photograph.person_id == one, Photograph.sha256.not_in(both))
    ).all()
    session.execute(update(Photograph).where(Photograph.id.in_(moved)).values(person_id=other))
    session.execute(delete(Person).where(Person.id == one))
    session.add_all([Change(action="merged", person_id=number) for number in (one, other)])
    return len(moved)


def remove_person(session: Session, name: str) -> int:
    """Remove a person with all photographs, faces and patches; return how many photographs there were.

    Raises:
        InputError: Nobody has this name.
    """
    number = number_of(session, name)
    count = session.scalar(select(func.count()).where(Photograph.person_id == number)) or 0
    session.execute(delete(Person).where(Person.id == number))  # what belongs to it goes with it
    session.add(Change(action="removed", person_id=number))
    return count


def remove_photograph(session: Session, number: int) -> None:
    """Remove one photograph with its face; the person stays, also without any.

    Raises:
        InputError: There is no such photograph.
    """
    person = session.scalar(select(Photograph.person_id).where(Photograph.id == number))
    if person is None:
        raise InputError(f"There is no photograph {number} in the gallery.")
    session.execute(delete(Photograph).where(Photograph.id == number))
    session.add(Change(action="removed", person_id=person, photograph_id=number))


def paths_of(session: Session, numbers: Sequence[int]) -> dict[int, str | None]:
    """Return number -> file of some photographs; those that are gone are left out."""
    found = session.execute(select(Photograph.id, Photograph.path).where(Photograph.id.in_(numbers)))
    return {photograph.id: photograph.path for photograph in found}


def without_patches(session: Session) -> list[int]:
    """Return the numbers of photographs whose patches are missing."""
    have = select(Patches.photograph_id).scalar_subquery()
    return list(session.scalars(select(Photograph.id).where(Photograph.id.not_in(have)).order_by(Photograph.id)))
