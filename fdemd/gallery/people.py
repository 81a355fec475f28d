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
from fdemd.gallery.refusals import NotThereError, TakenError
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
        number: Number of the person, which no other ever gets.
        name: The name.
        enrolled: When the person was, in UTC.
        photographs: The person's photographs, in the order of their numbers.
    """

    number: int
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


def list_people(session: Session, numbers: Sequence[int] | None = None) -> list[EnrolledPerson]:
    """Return people with their photographs, by name.

    Args:
        session: A read transaction.
        numbers: Whom to return, at most a few thousand; None for everybody.
    """
    of_person: dict[int, list[EnrolledPhotograph]] = {}
    columns = Photograph.person_id, Photograph.id, Photograph.path, Photograph.sha256, Photograph.enrolled
    photographs = select(*columns).order_by(Photograph.id)
    people = select(Person.id, Person.name, Person.enrolled)
    if numbers is not None:
        photographs, people = photographs.where(Photograph.person_id.in_(numbers)), people.where(Person.id.in_(numbers))
    for row in session.execute(photographs):
        enrolled = EnrolledPhotograph(row.id, row.path, row.sha256, row.enrolled)
        of_person.setdefault(row.person_id, []).append(enrolled)
    found = [
        EnrolledPerson(row.id, row.name, row.enrolled, of_person.get(row.id, [])) for row in session.execute(people)
    ]
    return sorted(found, key=lambda person: person.name)


def number_of(session: Session, who: str | int) -> int:
    """Return the number of a person.

    Args:
        session: A transaction.
        who: The name, or the number itself.

    Raises:
        NotThereError: There is nobody of this name or number.
    """
    if isinstance(who, int):
        # Larger numbers than a database holds are nobody's.
        if abs(who) >= 2**63 or session.get(Person, who) is None:
            raise NotThereError(f"There is no person {who} in the gallery.")
        return who
    name = check_name(who)
    number = session.scalar(select(Person.id).where(Person.name == name))
    if number is not None:
        return number
    names = session.scalars(select(Person.name).order_by(Person.name).limit(_SHOWN + 1)).all()
    if not names:
        raise NotThereError(f"There is nobody called '{name}': the gallery is empty.")
    if len(names) > _SHOWN:
        raise NotThereError(f"There is nobody called '{name}'; the gallery's list has all names.")
    raise NotThereError(str(unknown("person", name, names)))


def rename_person(session: Session, who: str | int, new: str) -> None:
    """Give a person another name.

    Raises:
        InputError: There is no such person, or somebody has the new name.
    """
    number, new = number_of(session, who), check_name(new)
    other = session.scalar(select(Person.id).where(Person.name == new))
    if other is not None and other != number:
        raise TakenError(f"There is somebody called '{new}' already; merge the two if they are one person.")
    session.execute(update(Person).where(Person.id == number).values(name=new))
    session.add(Change(action="renamed", person_id=number))


def merge_people(session: Session, who: str | int, into: str | int) -> int:
    """Give all photographs of one person to another, and remove the first; return how many were given.

    Photographs that both have are kept once.

    Raises:
        InputError: There is nobody of a name or number, or both are of one.
    """
    one, other = number_of(session, who), number_of(session, into)
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


def remove_person(session: Session, who: str | int) -> int:
    """Remove a person with all photographs, faces and patches; return how many photographs there were.

    Raises:
        NotThereError: There is no such person.
    """
    number = number_of(session, who)
    count = session.scalar(select(func.count()).where(Photograph.person_id == number)) or 0
    session.execute(delete(Person).where(Person.id == number))  # what belongs to it goes with it
    session.add(Change(action="removed", person_id=number))
    return count


def remove_photograph(session: Session, number: int) -> None:
    """Remove one photograph with its face; the person stays, also without any.

    Raises:
        NotThereError: There is no such photograph.
    """
    person = person_on(session, number)
    session.execute(delete(Photograph).where(Photograph.id == number))
    session.add(Change(action="removed", person_id=person, photograph_id=number))


def person_on(session: Session, photograph: int) -> int:
    """Return the number of the person whom an enrolled photograph is of.

    Raises:
        NotThereError: There is no such photograph.
    """
    found = None
    if abs(photograph) < 2**63:
        found = session.scalar(select(Photograph.person_id).where(Photograph.id == photograph))
    if found is None:
        raise NotThereError(f"There is no photograph {photograph} in the gallery.")
    return found


def picture_of(session: Session, photograph: int) -> bytes:
    """Return the aligned face of an enrolled photograph as a PNG file.

    Raises:
        NotThereError: There is no such photograph, or the gallery keeps no pictures.
    """
    person_on(session, photograph)
    picture = session.scalar(select(Photograph.thumbnail).where(Photograph.id == photograph))
    if picture is None:
        raise NotThereError("The gallery keeps nothing of photographs (keep=none), so that there is no picture.")
    return picture


def paths_of(session: Session, numbers: Sequence[int]) -> dict[int, str | None]:
    """Return number -> file of some photographs; those that are gone are left out."""
    found = session.execute(select(Photograph.id, Photograph.path).where(Photograph.id.in_(numbers)))
    return {photograph.id: photograph.path for photograph in found}


def without_patches(session: Session) -> list[int]:
    """Return the numbers of photographs whose patches are missing."""
    have = select(Patches.photograph_id).scalar_subquery()
    return list(session.scalars(select(Photograph.id).where(Photograph.id.not_in(have)).order_by(Photograph.id)))
