"""Rows that take hours to compute, written block by block, so that a run that was broken off can be resumed."""

from __future__ import annotations

import json
import logging
import math
import os
import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

from fdemd.cache.entries import empty
from fdemd.cache.entry_writer import EntryWriter, Tensors
from fdemd.cache.tensors import Stored, crc32_of
from fdemd.errors import InputError
from fdemd.files.regular import open_regular

BLOCK = 256
"""Number of rows that are flushed to the disk together, which is what may be lost if the machine goes down."""
_JOURNAL = "journal"
_log = logging.getLogger(__name__)


class JournaledRows:
    """Writes tensors row by row into a new entry and can be resumed; to be used in a ``with`` block.

    After each block of rows a line of the journal records the number of rows, the CRC-32 of each file so far, and the
    notes; the line ends with its own CRC-32. Rows that do not agree with the journal are computed again.

    Attributes:
        done: Number of rows that an earlier run wrote.
        notes: Plain values that were appended with the rows so far.
    """

    def __init__(self, new: EntryWriter, rows: int, row: Tensors) -> None:
        """Resume from the rows that an earlier run left in the folder of the entry, if any.

        Args:
            new: Writer of a resumable entry.
            rows: Number of rows of each tensor.
            row: Name of each tensor -> precision and shape of one row.

        Raises:
            InputError: The disk has no room for the rows, or fails.
        """
        self._new, self._row = new, row
        self._pending: list[tuple[Mapping[str, Tensor], Sequence[Any]]] = []
        self._writing = False
        with new.explained_errors():
            lines = self._whole_blocks()
            if not lines:
                empty(new.folder)
        self.notes: list[Any] = [note for _, block in lines for note in block["notes"]]
        self.done = self._written = lines[-1][1]["rows"] if lines else 0
        crc32 = lines[-1][1]["crc32"] if lines else dict.fromkeys(row, 0)
        new.begin(
            {name: (dtype, (rows, *shape)) for name, (dtype, shape) in row.items()},
            {name: (self.done * self._size(name), crc32[name]) for name in row},
        )
        new.keep = bool(self.done)
        with new.explained_errors():
            self._journal = (new.folder / _JOURNAL).open("ab")
            self._journal.truncate(sum(len(line) for line, _ in lines))

    def append(self, row: Mapping[str, Tensor], notes: Sequence[Any] = ()) -> None:
        """Append a row.

        Args:
            row: Name of each tensor -> its row.
            notes: Plain values about the row, kept in the journal.

        Raises:
            InputError: The disk is full or fails.
        """
        self._pending.append((row, notes))
        if len(self._pending) >= BLOCK:
            self._write()

    def finish(self, key: object, facts: Mapping[str, Any]) -> Stored:
        """Finish the entry, see :meth:`EntryWriter.finish`."""
        content = self._new.finish(key, facts)
        with suppress(OSError):
            (self._new.folder / _JOURNAL).unlink()
        return content

    def __enter__(self) -> JournaledRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._write()
            elif not self._writing:  # Ctrl-C, say: the rows at hand are whole
                with suppress(InputError):
                    self._write()
        finally:
            self._journal.close()

    def _write(self) -> None:
        """Flush the pending rows to the disk, then the line of the journal that vouches for them."""
        if not self._pending:
            return
        self._writing = True
        self._new.append({name: torch.stack([row[name] for row, _ in self._pending]) for name in self._row})
        rows, notes = self._written + len(self._pending), [note for _, notes in self._pending for note in notes]
        block = {"rows": rows, "crc32": self._new.flush(), "notes": notes}
        text = json.dumps(block).encode()
        with self._new.explained_errors():
            self._journal.write(b"%s %08x\n" % (text, zlib.crc32(text)))
            self._journal.flush()
            os.fsync(self._journal.fileno())
        self._written, self._pending = rows, []
        self.notes += notes
        self._new.keep, self._writing = True, False

    def _size(self, name: str) -> int:
        """Return the size of a row in bytes."""
        dtype, shape = self._row[name]
        return math.prod(shape) * dtype.itemsize

    def _whole_blocks(self) -> list[tuple[bytes, dict[str, Any]]]:
        """Return the lines of the journal, raw and parsed, up to the first that the files contradict."""
        journal = self._new.folder / _JOURNAL
        if not os.path.lexists(journal):
            return []
        try:
            with ExitStack() as stack:
                lines = stack.enter_context(open_regular(journal)).read().splitlines(keepends=True)
                files = {name: stack.enter_context(open_regular(self._new.folder / name)) for name in self._row}
                rows, crc32 = 0, dict.fromkeys(self._row, 0)
                whole = []
                for line in lines:
                    text, _, check = line.rpartition(b" ")
                    if check != b"%08x\n" % zlib.crc32(text):
                        break
                    block = json.loads(text)
                    for name, file in files.items():
                        crc32[name] = crc32_of(file, (block["rows"] - rows) * self._size(name), crc32[name])
                    if crc32 != block["crc32"]:
                        break
                    rows = block["rows"]
                    whole.append((line, block))
        except (OSError, ValueError) as error:
            _log.warning("What an earlier run left in %s cannot be read (%s).", self._new.folder, error)
            return []
        if len(whole) < len(lines):
            _log.warning("What an earlier run left in %s is damaged after %s rows.", self._new.folder, f"{rows:,}")
        return whole
