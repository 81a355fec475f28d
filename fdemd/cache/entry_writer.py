"""Making an entry of the cache: in a folder of its own, flushed to the disk, then moved into its place."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from fdemd.files.writing import cannot_write, check_room, flush_folder, is_full

ADVICE = f"make room (python -m fdemd.cache) or {ELSEWHERE}"
Tensors = Mapping[str, tuple[torch.dtype, Sequence[int]]]
"""Name -> precision and shape."""


def load_or_make(place: Path, what: str, make: Callable[[EntryWriter], Mapping[str, Any]]) -> Stored:
    """The content of an entry, which is made if it is not there yet.

    Args:
        place: of the entry; its name should tell all that its content depends on.
        what: it holds, such as ``aligned faces``.
        make: writes the tensors and gives the facts; whatever it raises is passed on, and nothing is kept.

    Raises:
        InputError: the cache cannot be written.
    """
    found = read_entry(place, place.name, what)
    if found is None:
        with EntryWriter(place, what) as new:
            found = new.finish(place.name, make(new))
    return found


class EntryWriter:
    """A folder to be filled, which then takes its place in the cache. Use it in a ``with`` block.

    A program holds a lock on it as long as it works there. What is not finished is gone after the block, unless
    ``keep`` is set; what a killed run left is gone with the next entry of the kind.

    Attributes:
        keep: what is there is not to be removed, since a later run can go on with it.
    """

    def __init__(self, place: Path, what: str, advice: str = ADVICE, *, resumable: bool = False) -> None:
        """Make the folder beside ``place``.

        Args:
            place: of the entry.
            what: it will hold.
            advice: what a person can do if it cannot be written.
            resumable: go on with the folder that an earlier run left of this entry. If another run is at work on it,
                wait for that one.

        Raises:
            InputError: the cache cannot be written.
        """
        self._place, self._what, self._advice = place, what, advice
        self._files: dict[str, TensorFile] = {}
        self._allocated: dict[str, tuple[np.memmap, dict[str, Any]]] = {}
        self._needed, self._done, self.keep = 0, False, False
        with self.explained_errors():
            place.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(place.parent)
            self._unfinished = UnfinishedFolder(place, what)
            if resumable:
                self._unfinished.share()

    @property
    def folder(self) -> Path:
        """Where to write."""
        return self._unfinished.path

    @property
    def waited(self) -> bool:
        """Whether another run was making the same entry, so that it may be there by now."""
        return self._unfinished.waited

    def begin(self, tensors: Tensors, written: Mapping[str, tuple[int, int]] | None = None) -> None:
        """Begin the files of some tensors, or go on with them.

        Args:
            tensors: to be written.
            written: name -> bytes that are there already, and their CRC-32.

        Raises:
            InputError: the disk has no room for them, or fails.
        """
        written = written or {}
        needed = sum(math.prod(shape) * dtype.itemsize for dtype, shape in tensors.values())
        self._needed += needed
        with self.explained_errors():
            check_room(
                self._place.parent,
                needed - sum(size for size, _ in written.values()),
                f"the {self._what}",
                self._advice,
            )
            for name, (dtype, shape) in tensors.items():
                size, crc32 = written.get(name, (0, 0))
                self._files[name] = TensorFile(self.folder / name, dtype, shape, size=size, crc32=crc32)

    def append(self, parts: Mapping[str, Tensor]) -> None:
        """Write the next part of each tensor.

        Raises:
            InputError: the disk is full or fails.
        """
        with self.explained_errors():
            for name, part in parts.items():
                self._files[name].append(part)

    def write(self, tensors: Mapping[str, Tensor]) -> None:
        """Write whole tensors; otherwise as :meth:`begin` and :meth:`append`."""
        self.begin({name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()})
        self.append(tensors)

    def allocate(self, name: str, dtype: torch.dtype, shape: Sequence[int]) -> np.ndarray:
        """Zeros that can be written in any order, on a disk that has the room for them.

        Raises:
            InputError: it has not.
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
        """Bring what was appended to the disk; return the CRC-32 of each file so far.

        Raises:
            InputError: the disk is full or fails.
        """
        with self.explained_errors():
            for file in self._files.values():
                file.flush()
        return {name: file.described["crc32"] for name, file in self._files.items()}

    def finish(self, key: object, facts: Mapping[str, Any]) -> Stored:
        """Put the folder in its place, unless another run was faster: then that one's stays. Return the content.

        Args:
            key: everything that decides the content, as JSON gives it back.
            facts: plain values beside the tensors.

        Raises:
            InputError: the disk is full or fails.
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
                self.folder.rename(self._place)
                self._unfinished.path, self._done = self._place, True
            except OSError:
                if not os.path.lexists(self._place):
                    raise
                self.keep = False
            flush_folder(self._place.parent)
        return content

    @contextlib.contextmanager
    def explained_errors(self) -> Iterator[None]:
        """Tell a disk that is full or fails in a sentence that names the folder and, if it is full, the need."""
        try:
            yield
        except OSError as error:
            place = self._place.parent
            if is_full(error) and place.is_dir():
                check_room(place, self._needed, f"the {self._what}", self._advice)
            raise cannot_write(place, error, self._advice) from error

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
