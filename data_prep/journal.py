"""The journal of a preparation, by which a run that was killed can be resumed."""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_prep.faces import Record
from fdemd.errors import InputError
from fdemd.files.text import to_printable
from fdemd.files.writing import cannot_write, flush_disks, write_bytes


class Journal:
    """A file with a line for each photograph whose face is on the disk; to be used in a ``with`` block.

    The first line holds the settings of all faces, every other one a record and its checksum. A photograph whose line
    has no right checksum (damaged, cut short, or of a version that wrote none) is made again, after a warning.

    Attributes:
        records: Records of the photographs that are done, by name.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], advice: str = "") -> None:
        """Open the journal, or begin it.

        Args:
            path: The file; its folder must exist.
            settings: How the faces are made.
            advice: What a person can do if it cannot be written.

        Raises:
            InputError: The journal was begun with other settings, or cannot be read or written.
        """
        self._path, self._advice = path, advice
        self._settings = json.dumps(settings, sort_keys=True)
        self.records: dict[str, Record] = {}
        content = self._content()
        whole = content.rfind(b"\n") + 1  # a last line that was cut short by a kill is no damage
        first, *lines = content[:whole].split(b"\n")[:-1] or [b""]
        begun = _object(first)
        if begun is None:
            damaged, whole = len(lines), 0
        elif begun != json.loads(self._settings):
            raise InputError(
                f"{path.parent} holds faces that were prepared otherwise ({json.dumps(begun, sort_keys=True)} instead "
                f"of {self._settings}); choose another folder with --out, or remove that one."
            )
        else:
            records = [_record(line) for line in lines]
            damaged = records.count(None)
            self.records = {record.name: record for record in records if record is not None}
        if damaged:
            print(
                f"{to_printable(str(path))}: {damaged:,} lines are damaged or of an earlier version; their photographs "
                "are made again.",
                file=sys.stderr,
            )
        try:
            self._file = path.open("ab", buffering=0)
            self._file.truncate(whole)
        except OSError as error:
            raise cannot_write(path, error, advice) from error
        if not whole:
            self._write(self._settings.encode() + b"\n")

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, records: Iterable[Record]) -> None:
        """Append the records of photographs that are done.

        Raises:
            InputError: The journal cannot be written.
        """
        records = list(records)
        self.records |= {record.name: record for record in records}
        self._write(b"".join(map(_line, records)))

    def finish(self, names: Iterable[str]) -> list[Record]:
        """Rewrite the journal with the records of ``names`` in this order, and return these records.

        Before that the disk gets every face, see :func:`data_prep.faces.write_face`.
        """
        records = [self.records[name] for name in names]
        self._file.close()
        flush_disks()
        write_bytes(self._path, b"".join([self._settings.encode() + b"\n", *map(_line, records)]), self._advice)
        return records

    def _content(self) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise InputError(f"{self._path} cannot be read ({error.strerror}); choose another --out.") from error

    def _write(self, content: bytes) -> None:
        try:
            while content:
                content = content[self._file.write(content) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise cannot_write(self._path, error, self._advice) from error


def first_settings(path: Path) -> Mapping[str, Any] | None:
    """Return the settings that a journal begins with; None if there is no such file, or it is no journal."""
    try:
        with path.open("rb") as file:
            return _object(file.readline(1 << 16))
    except OSError:
        return None


def _object(line: bytes) -> Mapping[str, Any] | None:
    value = _parsed(line)
    return value if isinstance(value, dict) else None


def _line(record: Sequence[Any]) -> bytes:
    return json.dumps([*record, _checksum(record)]).encode() + b"\n"


def _record(line: bytes) -> Record | None:
    """The record of a line; None if its checksum is not right."""
    match _parsed(line):
        case [*fields, int(checksum)] if checksum == _checksum(fields) and len(fields) == len(Record._fields):
            return Record(*fields)
    return None


def _checksum(fields: Sequence[Any]) -> int:
    return zlib.crc32(json.dumps(fields).encode())


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # whatever it is, no line of ours
        return None
