"""Enrolling one photograph: read, judged by the gate, and stored in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from fdemd.gallery.database import Database
from fdemd.gallery.faces import Photo, SeenFace, SeenPhotograph, digest_of
from fdemd.gallery.gate import Finding, Likeness, check_faces, check_likeness
from fdemd.gallery.index import Snapshot
from fdemd.gallery.packing import as_png, pack_embedding, pack_patches
from fdemd.gallery.pin import Pin, check_pinned
from fdemd.gallery.schema import Change, Patches, Person, Photograph
from fdemd.gallery.search import Search
from fdemd.gallery.threshold import Calibration

ENROLLED, KNOWN, REFUSED = "enrolled", "known", "refused"


@dataclass(frozen=True)
class Enrolment:
    """What became of one photograph.

    Attributes:
        name: What the photograph is called.
        status: ``enrolled``; ``known``, if it is enrolled for this person already; or ``refused``.
        findings: What the gate said, warnings included.
        photograph: Its number; None if it was refused.
    """

    name: str
    status: str
    findings: Sequence[Finding] = ()
    photograph: int | None = None

    @property
    def sentence(self) -> str:
        """What became of it, in words."""
        reasons = "; ".join(each.sentence for each in self.findings if each.refuses or self.status != REFUSED)
        return f"The {self.name} was {'known already' if self.status == KNOWN else self.status}" + (
            f": {reasons}." if reasons else "."
        )


def judge(
    seen: SeenPhotograph,
    person: int | None,
    snapshot: Snapshot,
    search: Search,
    pairs: Calibration,
    fpir: float,
    chosen: int | None,
) -> list[Finding]:
    """Return what the gate says of a photograph.

    Args:
        seen: The photograph.
        person: Number of its person; None for a new one.
        snapshot: The gallery.
        search: Searches the gallery.
        pairs: Cosines of pairs of strangers.
        fpir: Rate of strangers who get a name.
        chosen: Number of the face; None for the most prominent one.

    Raises:
        OutdatedError: The gallery changed since, see :class:`fdemd.gallery.comparing.Comparing`.
    """
    if not seen.faces:
        return [Finding("no face", "no face was found in it", True)]
    if chosen is not None and not 0 <= chosen < len(seen.faces):
        return [Finding("no such face", f"it has no face {chosen}; there are {len(seen.faces)}, counted from 0", True)]
    face = seen.faces[chosen or 0]
    likeness = _likeness(face, person, snapshot, search, pairs)
    return [*check_faces(seen.faces, chosen), *check_likeness(likeness, fpir)]


def store(
    database: Database, pin: Pin, person: str, seen: SeenPhotograph, face: int, findings: Sequence[Finding]
) -> Enrolment:
    """Store a photograph for a person, who is made if need be, with its entry in the change log.

    Args:
        database: The gallery.
        pin: What is kept.
        person: Name, checked.
        seen: The photograph.
        face: Number of the face on it that is theirs.
        findings: What the gate said.

    Raises:
        InputError: The gallery was moved to another network since it was opened.
    """
    with database.write() as session:
        check_pinned(session, pin, database.name)
        # Whoever removes the person meanwhile waits for this transaction or is done: there is no face without a person.
        found = session.scalar(select(Person).where(Person.name == person))
        if found is None:
            found = Person(name=person)
            session.add(found)
            session.flush()
        elif (known := known_photograph(session, found.id, seen.sha256)) is not None:
            return Enrolment(seen.name, KNOWN, (), known)
        number = _add(session, pin, found.id, seen, seen.faces[face])
    return Enrolment(seen.name, ENROLLED, tuple(findings), number)


def find_known(database: Database, person: str, photograph: Photo) -> int | None:
    """Return the number of a file that is enrolled for a person already, without looking for its faces; None if not.

    Args:
        database: The gallery's.
        person: Name.
        photograph: A photograph; of what is no file nothing is known.

    Raises:
        InputError: The file cannot be read.
    """
    if (digest := digest_of(photograph)) is None:
        return None
    with database.read() as session:
        number = session.scalar(select(Person.id).where(Person.name == person))
        return None if number is None else known_photograph(session, number, digest)


def known_photograph(session: Session, person: int, sha256: str) -> int | None:
    """Return the number of a photograph that is enrolled for a person already."""
    return session.scalar(select(Photograph.id).where(Photograph.person_id == person, Photograph.sha256 == sha256))


def _add(session: Session, pin: Pin, person: int, seen: SeenPhotograph, face: SeenFace) -> int:
    left, top, right, bottom = face.box
    photograph = Photograph(
        person_id=person,
        sha256=seen.sha256,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        sharpness=face.sharpness,
        embedding=pack_embedding(face.features),
        path=_as_text(seen.path) if seen.path and pin.keep != "none" else None,
        thumbnail=as_png(face.image) if pin.keep != "none" else None,
        content=seen.content if pin.keep == "bytes" else None,
    )
    session.add(photograph)
    session.flush()
    if pin.patches != "none":
        rows, columns = face.features.grid
        session.add(Patches(photograph_id=photograph.id, rows=rows, columns=columns, data=pack_patches(face.features)))
    session.add(Change(action=ENROLLED, person_id=person, photograph_id=photograph.id))
    return photograph.id


def _as_text(path: Path) -> str:
    r"""A path as a database can hold it: bytes that are no UTF-8 as ``\\udc..``, as files are written elsewhere."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _likeness(face: SeenFace, person: int | None, snapshot: Snapshot, search: Search, pairs: Calibration) -> Likeness:
    """Compare a face with everybody by the cosine, as the first stage does."""
    own, other = search.nearest(face.features, snapshot, person)
    return Likeness(
        own,
        0.0 if own is None else pairs.rate(own, 1),
        1.0 if own is None else (1 - own) / (1 - float(np.median(pairs.scores))),
        None if other is None else other.cosine,
        1.0 if other is None else pairs.rate(other.cosine, snapshot.size),
        "" if other is None else snapshot.names.get(other.person, ""),
    )
