"""What is done already, so that a run that was killed goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from data_prep.faces import Record
from data_prep.files import replaced
from fdemd.errors import InputError


class Journal:
    """A line a photograph, appended when its face is written; the first line tells how all faces are made."""

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        """Open the journal, or begin it.

        Raises:
            InputError: it was begun with other settings, or cannot be written.
        """
        self._path, self._settings = path, json.dumps(settings, sort_keys=True)
        self.records: dict[str, Record] = {}
        lines, whole = self._read()
        if lines and lines[0] != self._settings:
            raise InputError(
                f"{path.parent} holds faces that were prepared otherwise ({lines[0]} instead of {self._settings}); "
                "choose another folder with --out, or remove that one."
            )
        for line in lines[1:]:
            record = Record(*json.loads(line))
            self.records[record.name] = record
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
            self._file.truncate(whole)
        except OSError as error:
            raise InputError(f"{path.parent} cannot be written ({error.strerror}); choose another --out.") from error
        if not lines:
            self._write([self._settings])

    def add(self, records: Iterable[Record]) -> None:
        """Note photographs that are done."""
        records = list(records)
        self.records |= {record.name: record for record in records}
        self._write([json.dumps(record, ensure_ascii=False) for record in records])

    def finish(self, names: Iterable[str]) -> list[Record]:
        """Put the lines in the order of ``names``, drop all others, and return the records in this order."""
        records = [self.records[name] for name in names]
        self._file.close()
        lines = [self._settings, *(json.dumps(record, ensure_ascii=False) for record in records)]
        with replaced(self._path) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
        return records

    def _read(self) -> tuple[list[str], int]:
        """The whole lines and their bytes; a last line that was cut short by a kill is left out."""
        if not self._path.is_file():
            return [], 0
        content = self._path.read_bytes()
        whole = content.rfind(b"\n") + 1
        return content[:whole].decode().split("\n")[:-1], whole

    def _write(self, lines: Iterable[str]) -> None:
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._file.flush()
        os.fsync(self._file.fileno())
