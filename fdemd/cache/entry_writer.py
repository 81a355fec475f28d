"""Writing an entry of the cache: in a folder of its own, flushed to the disk, then moved into its place."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fdemd.cache.entries import remove_abandoned
from fdemd.cache.location import ELSEWHERE
from fdemd.cache.tensors import Stored, TensorFile, crc32_of, describe, read_entry
from fdemd.cache.unfinished import UnfinishedFolder
from fdemd.files.disk import is_full
from fdemd.files.writing import cannot_write, check_room, flush_folder

ADVICE = f"make room (fdemd cache clear) or {ELSEWHERE}"
Tensors = Mapping[str, tuple[torch.dtype, Sequence[int]]]
"""Name of a tensor -> precision and shape."""


def load_or_make(entry: Path, what: str, make: Callable[[EntryWriter], Mapping[str, Any]]) -> Stored:
    """Return the content of an entry, which is made if it does not exist.

    Args:
        entry: Path of the entry; its name must identify all that its content depends on.
        what: What the entry holds, such as ``aligned faces``.
        make: Writes the tensors and returns the facts; if it raises, nothing is kept.

    Raises:
        InputError: The cache cannot be written.
    """
    found = read_entry(entry, entry.name, what)
    if found is None:
        with EntryWriter(entry, what) as new:
            found = new.finish(entry.name, make(new))
    return found


class EntryWriter:
    """Writes an entry in a folder of its own, which then takes its place in the cache; to be used in a ``with`` block.

    The folder is locked while a program works there. An unfinished one is removed at the end of the block, unless
    ``keep`` is set; what a killed run left is removed with the next entry of the kind.

    Attributes:
        keep: Whether to keep the folder unfinished, because a later run can resume from it.
    """

    def __init__(self, entry: Path, what: str, advice: str = ADVICE, *, resumable: bool = False) -> None:
        """Make the folder beside the entry.

        Args:
            entry: Path of the entry.
            what: What the entry will hold, such as ``aligned faces``.
            advice: What a person can do if it cannot be written.
            resumable: Whether to resume in the folder that an earlier run left of this entry, after waiting for any
                other run that is at work on it.

        Raises:
            InputError: The cache cannot be written.
        """
        self._entry, self._what, self._advice = entry, what, advice
        self._files: dict[str, TensorFile] = {}
        self._allocated: dict[str, tuple[np.memmap, dict[str, Any]]] = {}
        self._needed, self._done, self.keep = 0, False, False
        with self.explained_errors():
            entry.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(entry.parent)
            self._unfinished = UnfinishedFolder(entry, what)
            if resumable:
                self._unfinished.share()

    @property
    def folder(self) -> Path:
        """Path of the folder to write to."""
        return self._unfinished.path

    @property
    def waited(self) -> bool:
        """Whether another run was making the same entry, so that it may be there by now."""
        return self._unfinished.waited

    def begin(self, tensors: Tensors, written: Mapping[str, tuple[int, int]] | None = None) -> None:
        """Begin or resume the files of tensors.

        Args:
            tensors: Precision and shape of the tensors.
            written: Name -> number of bytes that are there already, and their CRC-32.

        Raises:
            InputError: The disk has no room for the tensors, or fails.
        """
        written = written or {}
        needed = sum(math.prod(shape) * dtype.itemsize for dtype, shape in tensors.values())
        self._needed += needed
        with self.explained_errors():
            check_room(
                self._entry.parent,
                needed - sum(size for size, _ in written.values()),
                f"the {self._what}",
                self._advice,
            )
            for name, (dtype, shape) in tensors.items():
                size, crc32 = written.get(name, (0, 0))
                self._files[name] = TensorFile(self.folder / name, dtype, shape, size=size, crc32=crc32)

    def append(self, parts: Mapping[str, Tensor]) -> None:
        """Append the next part of each tensor.

        Raises:
            InputError: The disk is full or fails.
        """
        with self.explained_errors():
            for name, part in parts.items():
                self._files[name].append(part)

    def write(self, tensors: Mapping[str, Tensor]) -> None:
        """Write whole tensors, as :meth:`begin` and :meth:`append` do."""
        self.begin({name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()})
        self.append(tensors)

    def allocate(self, name: str, dtype: torch.dtype, shape: Sequence[int]) -> np.ndarray:
        """Return a mapped array of zeros that can be written in any order; the disk has the room for all of it.

        Raises:
            InputError: The disk has no room for it.
        """
        self.begin({name: (dtype, shape)})
        zeros = torch.zeros(tuple(shape[1:]), dtype=dtype)
        for _ in range(shape[0]):  # a file with holes would end the process with SIGBUS once the disk is full
            self.append({name: zeros})
        self.flush()
        file = self._files.pop(name)
        with self.explained_errors():
            file.close()
            numbers = np.memmap(self.folder / name, zeros.numpy().dtype, "r+", shape=tuple(shape))
        self._allocated[name] = numbers, file.described
        return numbers

    def flush(self) -> dict[str, int]:
        """Flush what was appended to the disk; return the CRC-32 of each file so far.

        Raises:
            InputError: The disk is full or fails.
        """
        with self.explained_errors():
            for file in self._files.values():
                file.flush()
        return {name: file.described["crc32"] for name, file in self._files.items()}

    def finish(self, key: object, facts: Mapping[str, Any]) -> Stored:
        """Move the folder into its place, unless another run was faster, and return the content.

        Args:
            key: Plain values that decide the content, as read back from JSON.
            facts: Plain values to store beside the tensors.

        Raises:
            InputError: The disk is full or fails.
        """
        self.flush()
        described = {name: file.described for name, file in self._files.items()}
        with self.explained_errors():
            for name, (numbers, about) in self._allocated.items():
                numbers.flush()
                with (self.folder / name).open("rb", buffering=0) as file:
                    os.fsync(file.fileno())
                    described[name] = {**about, "crc32": crc32_of(file, numbers.nbytes)}
            content = describe(self.folder, key, facts, described)
            flush_folder(self.folder)
            self.folder.chmod(0o755)  # a shared cache is for others to read; temporary folders are private
            try:
                self.folder.rename(self._entry)
                self._unfinished.path, self._done = self._entry, True
            except OSError:
                if not os.path.lexists(self._entry):
                    raise
                self.keep = False
            flush_folder(self._entry.parent)
        return replace(content, folder=self._entry)

    @contextlib.contextmanager
    def explained_errors(self) -> Iterator[None]:
        """Raise an ``InputError`` for a disk that is full or fails; it names the folder and the room needed."""
        try:
            yield
        except OSError as error:
            folder = self._entry.parent
            if is_full(error) and folder.is_dir():
                check_room(folder, self._needed, f"the {self._what}", self._advice)
            raise cannot_write(folder, error, self._advice) from error

    def __enter__(self) -> EntryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            with contextlib.suppress(OSError):  # of a full disk, which was told already
                file.close()
        if not self._done and not self.keep:
            self._unfinished.discard()
        self._unfinished.release()
