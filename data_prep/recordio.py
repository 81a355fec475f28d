"""MXNet's RecordIO (``train.rec`` with ``train.idx``), as InsightFace and im2rec pack faces, read without MXNet.

Format (dmlc-core ``include/dmlc/recordio.h``; ``mxnet.recordio.pack``), little-endian throughout: a record is one part
or several, each the magic word, a word with the continuation flag (upper 3 bits: 0 whole record, 1 first, 2 middle, 3
last part) and the length (lower 29 bits), the data, and zeros up to a multiple of 4 bytes. Where the data itself has
the magic word at a multiple of 4, the writer leaves it out and begins a new part; so it never stands there in a part.
The data begins with the header ``flag`` (uint32), ``label`` (float32), ``id`` and ``id2`` (uint64); a ``flag`` above 0
is the number of float32 labels that follow instead of ``label``. The rest is an encoded picture. The index has a line
``number<tab>position`` a record.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_prep.containers import LARGEST_MEMBER
from fdemd.errors import InputError

_MAGIC = struct.pack("<I", 0xCED7230A)
_PART = struct.Struct("<4sI")
_HEADER = struct.Struct("<IfQQ")
_LENGTH_BITS = 29
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
_CHUNK, _FIRST_PIECE = 1 << 20, 1 << 12
_MOST_DAMAGED = 10_000
"""Records beyond those that are whole; a file of more is no use to look through."""


class Record(NamedTuple):
    """A record.

    Attributes:
        number: Number in the index; without an index, its position in the file from 0.
        labels: Labels of the picture, the number of the person first; in InsightFace's records without a picture, the
            numbers of a first record and of the one after the last.
        id: Number given by the writer.
        content: Encoded picture; empty if there is none.
    """

    number: int
    labels: tuple[float, ...]
    id: int
    content: bytes


class DamagedRecordError(Exception):
    """A record that cannot be read: its ``number`` and the ``reason`` in words."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(number, reason)
        self.number, self.reason = number, reason

    def __str__(self) -> str:
        return f"record {self.number}: {self.reason}"


class Place(NamedTuple):
    """Position of a record: its number, its first byte, and that of the next record or the end of the file."""

    number: int
    position: int
    end: int


@dataclass(frozen=True)
class RecordFile:
    """The positions of the records of a file; their content is not held in memory.

    Attributes:
        path: The file.
        table: Positions ``(N, 3)``, int64, a row as in :class:`Place`.
        damaged: Damage found while looking for records without an index, and records of the index at a position that
            it has for another one already.
        unlisted: Positions of records that the index lacks.
    """

    path: Path
    table: np.ndarray
    damaged: tuple[DamagedRecordError, ...] = ()
    unlisted: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[tuple[Place, Record | DamagedRecordError]]:
        """Yield every record in the order of the index, or the error of a damaged one; without those of ``damaged``."""
        with self.path.open("rb") as file:
            for row in self.table:
                place = Place(*row.tolist())
                try:
                    yield place, read_record(file, place)
                except DamagedRecordError as damage:
                    yield place, damage


def open_records(path: Path, index: Path | None = None) -> RecordFile:
    """Find the records of a file.

    Args:
        path: The records, such as ``train.rec``.
        index: Its index; by default the file of the same name that ends in ``.idx``, if there is one. It may list some
            of the records only; the others are in ``unlisted``. Without an index the whole file is read through: what
            is damaged is skipped up to the next magic word and counted as one record, so that numbers after it may be
            too small.

    Raises:
        InputError: A file cannot be read, is no RecordIO file, or no index of it.
    """
    index = index or path.with_suffix(".idx")
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise InputError(f"{path} is not a RecordIO file: it does not begin with the magic word 0xced7230a.")
            if not os.path.lexists(index):
                places, damaged = _scanned(file)
                table = np.array(places, dtype=np.int64).reshape(-1, 3)
                return RecordFile(path, table, tuple(damage for _, damage in damaged))
            return _indexed(path, file, *_read_index(index))
    except OSError as error:
        raise InputError(f"{error.filename or path} cannot be read: {error.strerror}.") from error


def _indexed(path: Path, file: io.BufferedReader, numbers: np.ndarray, positions: np.ndarray) -> RecordFile:
    """Return the records that an index lists, and what it lists twice or not at all."""
    size = file.seek(0, os.SEEK_END)
    distinct, first = np.unique(positions, return_index=True)
    twice = np.setdiff1d(np.arange(len(positions)), first)
    known = numbers[first[np.searchsorted(distinct, positions[twice])]]
    damaged = tuple(
        DamagedRecordError(number, f"the index has it at byte {position}, where it has record {other}")
        for number, position, other in zip(
            *(row.tolist() for row in (numbers[twice], positions[twice], known)), strict=True
        )
    )
    rows = np.sort(first)
    borders = np.append(distinct, size)
    following = np.searchsorted(distinct, positions[rows], side="right")
    ends = np.minimum(borders[following], size)  # of a file cut short, the index names places beyond its end
    table = np.stack([numbers[rows], positions[rows], ends], axis=1)
    places, others = _scanned(file)
    there = {place.position for place in places} | {position for position, _ in others}
    return RecordFile(path, table, damaged, tuple(sorted(there.difference(distinct.tolist()))))


class _DamageError(Exception):
    """A record is damaged; the message says how."""


def read_record(file: io.BufferedReader, place: Place) -> Record:
    """Read one record of an open file.

    Raises:
        DamagedRecordError: The record is cut short or damaged.
        OSError: The file cannot be read.
    """
    try:
        data, stop = _read_parts(file, place.position, place.end)
        if stop < place.end and file.read(len(_MAGIC)) != _MAGIC:
            raise _DamageError(f"it ends at byte {stop}, where no other record begins")
        return _unpacked(place.number, data)
    except _DamageError as damage:
        raise DamagedRecordError(place.number, str(damage)) from None


def _read_parts(file: io.BufferedReader, position: int, end: int) -> tuple[bytes, int]:
    """Return the data of the record at ``position``, and the position of the next one, where the file is left.

    No byte from ``end`` on belongs to the record.
    """
    parts: list[bytes] = []
    flag, total = _FIRST, 0
    while flag in (_FIRST, _MIDDLE):
        if not 0 <= position <= end - _PART.size:
            raise _DamageError(f"it should begin at byte {position}, but there is no room for it before byte {end}")
        file.seek(position)
        head = file.read(_PART.size)
        if len(head) < _PART.size or not head.startswith(_MAGIC):
            raise _DamageError(f"byte {position} should begin with the magic word")
        flag, length = _flag_and_length(head)
        if flag not in ((_MIDDLE, _LAST) if parts else (_WHOLE, _FIRST)):
            raise _DamageError(f"the part at byte {position} has the continuation flag {flag}")
        if position + _PART.size + length > end:
            raise _DamageError(
                f"{length} bytes should follow byte {position + _PART.size}, but it must end by byte {end}"
            )
        if (total := total + length) > LARGEST_MEMBER:
            raise _DamageError(f"{total} bytes, more than a photograph has")
        parts.append(_read_data(file, length))
        position = min(position + _PART.size + length + -length % 4, end)
    file.seek(position)
    return _MAGIC.join(parts), position


def _flag_and_length(data: bytes, at: int = 0) -> tuple[int, int]:
    _, word = _PART.unpack_from(data, at)
    return word >> _LENGTH_BITS, word & ((1 << _LENGTH_BITS) - 1)


def _read_data(file: io.BufferedReader, length: int) -> bytes:
    """Return the data of a part, read piece by piece, since a wrong length may reach over thousands of records."""
    data, step = bytearray(), _FIRST_PIECE
    while len(data) < length:
        piece = file.read(min(step, length - len(data)))
        if not piece:
            raise _DamageError("the file has become shorter")
        searched, step = max(len(data) - len(_MAGIC) + 1, 0), 2 * step
        data += piece
        at = data.find(_MAGIC, searched)
        while at % 4 and at > 0:
            at = data.find(_MAGIC, at + 1)
        if at >= 0:
            raise _DamageError(f"the {length} bytes that should follow run into another record")
    return bytes(data)


def _unpacked(number: int, data: bytes) -> Record:
    if len(data) < _HEADER.size:
        raise _DamageError(f"{len(data)} bytes are too few for its header of {_HEADER.size}")
    flag, label, identifier, _ = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * flag
    if len(data) < start:
        raise _DamageError(f"{len(data)} bytes are too few for the {flag} labels that its header announces")
    labels = struct.unpack_from(f"<{flag}f", data, _HEADER.size) if flag else (label,)
    return Record(number, labels, identifier, data[start:])


def _read_index(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers and positions ``(N,)``, int64."""
    if not path.stat().st_size:
        raise InputError(f"The index {path} is empty; move it away and the records are looked for without it.")
    try:
        table = np.loadtxt(path, dtype=np.int64, ndmin=2, comments=None)
    except ValueError as error:
        raise InputError(
            f"{path} is not an index of records, lines of 'number position' ({error}); move it away and the records "
            "are looked for without it."
        ) from error
    if table.shape[1] != 2:
        raise InputError(f"{path} has {table.shape[1]} numbers a line; an index of records has two, 'number position'.")
    numbers, counts = np.unique(table[:, 0], return_counts=True)
    if len(numbers) < len(table):
        raise InputError(f"The index {path} has record {numbers[counts > 1][0]} twice.")
    return table[:, 0], table[:, 1]


def _scanned(file: io.BufferedReader) -> tuple[list[Place], list[tuple[int, DamagedRecordError]]]:
    """Return the records that are found by reading the file through, and the positions of damage."""
    size = file.seek(0, os.SEEK_END)
    places: list[Place] = []
    damaged: list[tuple[int, DamagedRecordError]] = []
    position = 0
    while position < size:
        number = len(places) + len(damaged)
        try:
            _, end = _read_parts(file, position, size)
            if end < size and file.read(len(_MAGIC)) != _MAGIC and _next_record(file, position + 1, size) < end:
                raise _DamageError(f"another record begins before it ends at byte {end}")
            places.append(Place(number, position, end))
        except _DamageError as damage:
            damaged.append((position, DamagedRecordError(number, str(damage))))
            end = _next_record(file, position + 1, size)
            if len(damaged) > len(places) + _MOST_DAMAGED:
                raise InputError(f"{file.name} is damaged all over, {damage} for one; fetch it again.") from None
        position = end
    return places, damaged


def _next_record(file: io.BufferedReader, start: int, size: int) -> int:
    """Return the position of the next magic word that can begin a record; ``size`` if there is none."""
    overlap, step = _PART.size - 1, _FIRST_PIECE
    while start + overlap < size:
        file.seek(start)
        chunk = file.read(step)
        step = min(2 * step, _CHUNK)  # it is near as a rule, and a damaged file may have thousands to look for
        at = chunk.find(_MAGIC, 0, -4)
        while at >= 0:
            flag, length = _flag_and_length(chunk, at)
            if flag in (_WHOLE, _FIRST) and start + at + _PART.size + length <= size:
                return start + at
            at = chunk.find(_MAGIC, at + 1, -4)
        if len(chunk) <= overlap:  # the file has become shorter
            break
        start += len(chunk) - overlap
    return size
