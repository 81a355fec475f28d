"""Moving a gallery to another network, from its kept photographs: all of it or nothing.

The faces as the new network sees them are set aside in a table of their own, a transaction each, so that a move that
breaks off goes on where it was; whoever is removed meanwhile is removed there too. One last transaction puts them in
the place of the old ones. The old network is not needed for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from fdemd.errors import InputError
from fdemd.faces.alignment import template_transform
from fdemd.gallery.cohort import Cohort, read_cohort, store_cohort
from fdemd.gallery.database import Database
from fdemd.gallery.faces import FaceReader, SeenFace
from fdemd.gallery.packing import as_png, pack_embedding, pack_patches
from fdemd.gallery.patch_map import write_map
from fdemd.gallery.pin import PIN, Pin, read_pin, write_pin
from fdemd.gallery.schema import Change, KeptCalibration, Moved, Patches, Person, Photograph, Setting
from fdemd.runs.steady_progress import steady_progress

MOVED = "moved"
"""Action of the change log, of nobody in particular: whoever has the gallery open must open it anew."""
_MOVING = "moving"
"""Setting that says which network a move is under way to."""
_SAME_FACE = 0.5
"""Share of two boxes' union that they have in common, from which they are of one face."""
_BOX = ("left", "top", "right", "bottom")
_FACE = (*_BOX, "sharpness", "embedding", "thumbnail")


@dataclass(frozen=True)
class LeftBehind:
    """A photograph that cannot be moved.

    Attributes:
        number: Its number.
        person: Whose it is.
        reason: Why.
    """

    number: int
    person: str
    reason: str


@dataclass(frozen=True)
class Move:
    """What became of a move.

    Attributes:
        photographs: Number of photographs that the gallery has of the new network, or will have.
        left: What cannot be moved; it was removed if ``done``.
        done: Whether the gallery is of the new network now.
    """

    photographs: int
    left: Sequence[LeftBehind]
    done: bool


def move(database: Database, reader: FaceReader, pin: Pin, *, drop_missing: bool) -> Move:
    """Move a gallery to another network.

    Args:
        database: The gallery's.
        reader: Reads photographs as the new network takes them.
        pin: What the gallery will be pinned to.
        drop_missing: Whether photographs that cannot be moved are removed; without, nothing is done if there are any.

    Raises:
        InputError: The gallery keeps nothing of photographs, is of this network already, or is being moved to another.
    """
    old = _begin(database, pin)
    left: dict[int, LeftBehind] = {}
    with steady_progress("Moving", _count(database), _count(database, Moved)) as advance:
        while True:
            for number in _waiting(database, left):
                reason = _set_aside(database, reader, pin, number)
                if reason is not None:
                    left[number] = LeftBehind(number, _whose(database, number), reason)
                advance(1)
            if left and not drop_missing:
                return Move(_count(database, Moved), list(left.values()), done=False)
            if _finish(database, reader, old, pin, set(left)):  # nobody enrolled one meanwhile
                break
    database.forget_the_deleted()
    return Move(_count(database), list(left.values()), done=True)


def _begin(database: Database, pin: Pin) -> Pin:
    """Say where the gallery is moved to; what an earlier move to another network set aside is forgotten."""
    with database.write() as session:
        old = read_pin(session)
        assert old is not None  # a gallery without one is not opened
        if old.keep == "none":
            raise InputError(f"The gallery {database.name} keeps nothing of photographs (keep=none) to be moved by.")
        if old == pin:
            raise InputError(f"The gallery {database.name} is of this network already.")
        moving = session.get(Setting, _MOVING)
        if moving is None or moving.value != pin.text:
            session.execute(delete(Moved))
            session.merge(Setting(name=_MOVING, value=pin.text))
    return old


def _count(database: Database, table: type[Moved] | type[Photograph] = Photograph) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _waiting(database: Database, left: dict[int, LeftBehind]) -> Iterator[int]:
    """Numbers of the photographs that are neither set aside nor known to be left behind."""
    with database.read() as session:
        numbers = session.scalars(select(Photograph.id).where(_not_moved()).order_by(Photograph.id)).all()
    yield from (number for number in numbers if number not in left)


def _not_moved() -> ColumnElement[bool]:
    return ~exists().where(Moved.photograph_id == Photograph.id)


def _whose(database: Database, number: int) -> str:
    with database.read() as session:
        query = select(Person.name).join(Photograph, Photograph.person_id == Person.id).where(Photograph.id == number)
        return session.scalar(query) or ""


def _set_aside(database: Database, reader: FaceReader, pin: Pin, number: int) -> str | None:
    """Set aside what the new network makes of a photograph; return why it cannot, or None."""
    with database.read() as session:
        photograph = session.get(Photograph, number)
        if photograph is None:  # removed meanwhile
            return None
        content, box = photograph.content, tuple(getattr(photograph, side) for side in _BOX)
        path, sha256 = photograph.path, photograph.sha256
    if content is None:
        content = _read(path)
        if content is None:
            return f"the file {path} is not there any more" if path else "neither its file nor its path was kept"
        if hashlib.sha256(content).hexdigest() != sha256:
            return f"the file {path} was changed since"
    try:
        found = reader.read(content).faces
    except InputError as error:
        return str(error).rstrip(".")
    face = max(found, key=lambda face: common_share(face.box, box), default=None)
    if face is None or common_share(face.box, box) < _SAME_FACE:
        return "no face is found where the enrolled one was"
    with database.write() as session:
        moving = session.get(Setting, _MOVING)
        if moving is None or moving.value != pin.text:
            raise InputError(f"The gallery {database.name} is being moved to another network by another process.")
        if session.get(Photograph, number) is not None:
            session.merge(_moved(number, face))
    return None


def _read(path: str | None) -> bytes | None:
    try:
        return None if path is None else Path(path).read_bytes()
    except (OSError, ValueError):
        return None


def common_share(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the share of the union of two boxes that they have in common, in [0, 1].

    Args:
        one: Left, top, right and bottom.
        other: Likewise.

    Examples:
        >>> common_share((0, 0, 2, 2), (0, 0, 2, 2)), common_share((0, 0, 2, 2), (0, 1, 2, 3))
        (1.0, 0.3333333333333333)
    """
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return common / (areas - common) if areas > common else float(common > 0)


def _moved(number: int, face: SeenFace) -> Moved:
    rows, columns = face.features.grid
    return Moved(
        photograph_id=number,
        **dict(zip(_BOX, face.box, strict=True)),
        sharpness=face.sharpness,
        embedding=pack_embedding(face.features),
        thumbnail=as_png(face.image),
        rows=rows,
        columns=columns,
        patches=pack_patches(face.features),
    )


def _finish(database: Database, reader: FaceReader, old: Pin, pin: Pin, left: set[int]) -> bool:
    """Put all that was set aside in its place; False, and nothing done, if a photograph was enrolled meanwhile."""
    with database.read() as session:
        cohort = read_cohort(session, old)
    pictures = realigned(cohort.images, old, pin)
    strangers = Cohort(cohort.people, reader.embed(np.stack(pictures)), pictures)
    with database.write() as session:
        waiting = session.execute(select(Photograph.id, Photograph.person_id).where(_not_moved())).all()
        if any(photograph.id not in left for photograph in waiting):
            return False
        for photograph in waiting:
            session.execute(delete(Photograph).where(Photograph.id == photograph.id))
            session.add(Change(action="removed", person_id=photograph.person_id, photograph_id=photograph.id))
        _replace(session, pin)
        store_cohort(session, strangers)
        session.execute(delete(Setting).where(Setting.name.in_([PIN, _MOVING])))
        session.execute(delete(KeptCalibration))
        write_pin(session, pin)
        write_map(session, reader.patch_map)
        session.add(Change(action=MOVED, person_id=0))
    return True


def _replace(session: Session, pin: Pin) -> None:
    values = {
        name: select(getattr(Moved, name)).where(Moved.photograph_id == Photograph.id).scalar_subquery()
        for name in _FACE
    }
    session.execute(update(Photograph).values(values).execution_options(synchronize_session=False))
    session.execute(delete(Patches))
    if pin.patches != "none":
        columns = (Moved.photograph_id, Moved.rows, Moved.columns, Moved.patches)
        session.execute(insert(Patches).from_select(["photograph_id", "rows", "columns", "data"], select(*columns)))
    session.execute(delete(Moved))


def realigned(pictures: Sequence[np.ndarray], old: Pin, new: Pin) -> list[np.ndarray]:
    """Return aligned faces as another pin's alignment has them; what lies outside of the old one's frame is black."""
    if (old.alignment, old.face_size) == (new.alignment, new.face_size):
        return list(pictures)
    change = template_transform(old.alignment, old.face_size, new.alignment, new.face_size)
    return [cv2.warpAffine(picture, change, new.face_size[::-1], flags=cv2.INTER_LINEAR) for picture in pictures]
