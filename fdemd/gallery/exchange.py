"""A gallery as a folder of plain files, and back: a table, tensors (safetensors) and pictures, all with checksums."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from sqlalchemy import select
from sqlalchemy.orm import Session
from torch import Tensor

from fdemd.emd.compact import PatchMap
from fdemd.errors import InputError
from fdemd.files.writing import write_bytes
from fdemd.gallery.enrolment import ENROLLED, known_photograph
from fdemd.gallery.names import check_name
from fdemd.gallery.packing import STORED
from fdemd.gallery.patch_map import read_map
from fdemd.gallery.pin import Pin, check_pinned
from fdemd.gallery.schema import Change, Patches, Person, Photograph

_AT_ONCE = 500
"""Photographs whose features lie in one file."""
_FORMAT = 1
_MANIFEST, _SUMMARY, _MAP = "manifest.csv", "gallery.json", "patch_map.safetensors"
_COLUMNS = ("person", "sha256", "path", "enrolled", "left", "top", "right", "bottom", "sharpness", "rows", "columns")
_FLOATS = ("left", "top", "right", "bottom", "sharpness")


def export_to(folder: Path, session: Session, pin: Pin) -> int:
    """Write everybody with photographs to a new folder, which gets its name when it is whole; return how many.

    Args:
        folder: A folder that does not exist yet.
        session: A read transaction.
        pin: The gallery's pin.

    Raises:
        InputError: The folder exists, or cannot be written.
    """
    if folder.exists():
        raise InputError(f"{folder} exists already; name a new folder for the export.")
    part = folder.with_name(f".{folder.name}.part")
    if part.exists():
        shutil.rmtree(part)
    try:
        part.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made ({error.strerror}).") from error
    sums: dict[str, str] = {}

    def put(name: str, content: bytes) -> None:
        (part / name).parent.mkdir(exist_ok=True)
        write_bytes(part / name, content)
        sums[name] = hashlib.sha256(content).hexdigest()

    numbers = session.scalars(select(Photograph.id).order_by(Photograph.id)).all()
    table = io.StringIO()
    writer = csv.DictWriter(table, _COLUMNS)
    writer.writeheader()
    for first in range(0, len(numbers), _AT_ONCE):
        found = _photographs(session, numbers[first : first + _AT_ONCE])
        tensors: dict[str, Tensor] = {}
        for place, (name, photograph, patches) in enumerate(found, start=first):
            row = {column: getattr(photograph, column, None) for column in _COLUMNS[1:9]} | {"person": name}
            row |= {"enrolled": photograph.enrolled.isoformat()}
            if patches is not None:
                row |= {"rows": patches.rows, "columns": patches.columns}
                tensors[f"patches/{place}"] = torch.frombuffer(bytearray(patches.data), dtype=STORED[pin.dtype])
            writer.writerow(row)
            tensors[f"embedding/{place}"] = torch.frombuffer(bytearray(photograph.embedding), dtype=torch.float32)
            if photograph.thumbnail is not None:
                put(f"faces/{place}.png", photograph.thumbnail)
            if photograph.content is not None:
                put(f"photographs/{place}", photograph.content)
        put(f"features/{first}.safetensors", save(tensors))
    if (patch_map := read_map(session, pin)) is not None:
        put(_MAP, save({"matrix": patch_map.matrix}))
    put(_MANIFEST, table.getvalue().encode())
    write_bytes(part / _SUMMARY, json.dumps({"format": _FORMAT, "pin": asdict(pin), "sha256": sums}, indent=1).encode())
    part.rename(folder)
    return len(numbers)


def import_from(folder: Path, session: Session, pin: Pin, where: str) -> tuple[int, int]:
    """Enrol what :func:`export_to` wrote, all of it or nothing; photographs that are there already are left out.

    Args:
        folder: The folder.
        session: A write transaction.
        pin: The gallery's pin, which must be that of the export.
        where: Name of the gallery, for errors.

    Returns:
        Number of photographs that were enrolled, and of those that were known.

    Raises:
        InputError: It is no export, was changed, or is of another network.
    """
    check_pinned(session, pin, where)
    pin.check(pin_of(folder), where)
    read = _Checked(folder, _summary(folder)["sha256"])
    rows = list(csv.DictReader(io.StringIO(read(_MANIFEST).decode())))
    people: dict[str, int] = {}
    tensors: dict[str, Tensor] = {}
    added = 0
    for place, row in enumerate(rows):
        if place % _AT_ONCE == 0:
            tensors = load(read(f"features/{place}.safetensors"))
        name = check_name(row["person"])
        if name not in people:
            people[name] = _person(session, name)
        if known_photograph(session, people[name], row["sha256"]) is None:
            _add(session, people[name], row, place, tensors, read)
            added += 1
    return added, len(rows) - added


class _Checked:
    """Reads the files of an export, none that the summary does not name or that was changed."""

    def __init__(self, folder: Path, sums: dict[str, str]) -> None:
        self._folder, self.sums = folder, sums

    def __call__(self, name: str) -> bytes:
        content = (self._folder / name).read_bytes() if name in self.sums else b""
        if hashlib.sha256(content).hexdigest() != self.sums.get(name):
            raise InputError(f"{self._folder / name} is not what was exported; export the gallery again.")
        return content

    def optional(self, name: str) -> bytes | None:
        return self(name) if name in self.sums else None


def _photographs(session: Session, numbers: Sequence[int]) -> list[tuple[str, Photograph, Patches | None]]:
    query = (
        select(Person.name, Photograph, Patches)
        .join(Person, Person.id == Photograph.person_id)
        .outerjoin(Patches, Patches.photograph_id == Photograph.id)
        .where(Photograph.id.in_(numbers))
        .order_by(Photograph.id)
    )
    return [(name, photograph, patches) for name, photograph, patches in session.execute(query)]


def _summary(folder: Path) -> dict[str, Any]:
    try:
        summary = json.loads((folder / _SUMMARY).read_text(encoding="utf-8"))
        if summary["format"] != _FORMAT:
            raise InputError(f"{folder} is an export of another version of fdemd; upgrade fdemd.")
        return dict(summary)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{folder} is no export of a gallery: it has no readable {_SUMMARY}.") from error


def pin_of(folder: Path) -> Pin:
    """Return the pin of the gallery that was exported to a folder.

    Raises:
        InputError: It is no export.
    """
    summary = _summary(folder)
    try:
        return Pin(**{**summary["pin"], "face_size": tuple(summary["pin"]["face_size"])})
    except (KeyError, TypeError) as error:
        raise InputError(f"{folder / _SUMMARY} does not say which network the gallery is of.") from error


def map_of(folder: Path) -> PatchMap | None:
    """Return the map of the compact patches of the gallery that was exported to a folder; None without one.

    Raises:
        InputError: It is no export, or was changed.
    """
    content = _Checked(folder, _summary(folder)["sha256"]).optional(_MAP)
    return None if content is None else PatchMap(load(content)["matrix"])


def _person(session: Session, name: str) -> int:
    found = session.scalar(select(Person.id).where(Person.name == name))
    if found is not None:
        return found
    person = Person(name=name)
    session.add(person)
    session.flush()
    return person.id


def _add(
    session: Session, person: int, row: dict[str, str], place: int, tensors: dict[str, Tensor], read: _Checked
) -> None:
    photograph = Photograph(
        person_id=person,
        sha256=row["sha256"],
        path=row["path"] or None,
        enrolled=datetime.fromisoformat(row["enrolled"]),
        embedding=_bytes(tensors[f"embedding/{place}"]),
        thumbnail=read.optional(f"faces/{place}.png"),
        content=read.optional(f"photographs/{place}"),
        **{name: float(row[name]) for name in _FLOATS},
    )
    session.add(photograph)
    session.flush()
    if row["rows"]:
        patches = _bytes(tensors[f"patches/{place}"])
        session.add(
            Patches(photograph_id=photograph.id, rows=int(row["rows"]), columns=int(row["columns"]), data=patches)
        )
    session.add(Change(action=ENROLLED, person_id=person, photograph_id=photograph.id))


def _bytes(tensor: Tensor) -> bytes:
    return tensor.contiguous().view(torch.uint8).numpy().tobytes()
