"""The content of an entry of the cache: named tensors as raw files with checksums, and plain facts about them."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from fdemd.cache.entries import is_of_an_earlier_version, is_ours, mark_used, remove
from fdemd.cache.mapped import MappedArray
from fdemd.files.regular import open_regular

_META, _META_SHA256 = "meta.json", "meta.sha256"
_BLOCK = 1 << 24
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stored:
    """The content of an entry.

    Attributes:
        folder: Folder of the entry.
        tensors: Tensors by name, memory-mapped and read-only.
        facts: Plain values.
    """

    folder: Path
    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    def array(self, name: str) -> MappedArray:
        """Return a tensor as an array that other processes can be sent without its numbers."""
        return MappedArray.over(self.tensors[name].numpy(), self.folder / name)


def read_entry(entry: Path, key: object, what: str) -> Stored | None:
    """Return the content of an entry and mark it as used now; None if there is no such entry.

    A damaged entry is removed with a warning, and counts as none.

    Args:
        entry: Path of the entry.
        key: Key that it was written with.
        what: What the entry holds, for the warning, such as ``features``.
    """
    if not os.path.lexists(entry):
        return None
    try:
        found = _verified(entry, key)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        _log.warning("The %s stored in %s are %s; they are computed again.", what, entry, _fault(entry, error))
        _make_way(entry)
        return None
    mark_used(entry)
    return found


def _fault(entry: Path, error: Exception) -> str:
    if is_of_an_earlier_version(entry) and not any(entry.glob("meta.*")):
        return "without checksums, by an earlier version of fdemd"
    if isinstance(error, OSError) and error.filename:
        return f"damaged ({Path(error.filename).name}: {error.strerror})"
    return f"damaged ({error})"


def _make_way(entry: Path) -> None:
    """Remove what lies in the place of an entry if it is ours; otherwise the new entry is used but cannot be kept."""
    reason = "it does not carry the mark of fdemd"
    try:
        if is_ours(entry):
            remove(entry)
            return
    except OSError as error:
        reason = error.strerror or str(error)
    _log.warning("%s is in the way and was not removed (%s): nothing new is kept in its place.", entry, reason)


class TensorFile:
    """Writes a tensor as a raw file, part by part."""

    def __init__(self, path: Path, dtype: torch.dtype, shape: Sequence[int], *, size: int = 0, crc32: int = 0) -> None:
        """Begin the file, or resume it.

        Args:
            path: The file.
            dtype: Precision of the tensor.
            shape: Shape of the whole tensor.
            size: Number of bytes to keep of an existing file; the rest is dropped.
            crc32: CRC-32 of these bytes.
        """
        self._file: BinaryIO = path.open("r+b" if size else "wb")
        self._file.truncate(size)
        self._file.seek(size)
        self._dtype, self._shape, self._crc32 = dtype, list(shape), crc32

    def append(self, part: Tensor) -> None:
        """Append the next part, which lies on the CPU."""
        data = part.contiguous().flatten().view(torch.uint8).numpy().data
        self._file.write(data)
        self._crc32 = zlib.crc32(data, self._crc32)

    def flush(self) -> None:
        """Flush the file to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def described(self) -> dict[str, Any]:
        """Precision, shape and CRC-32, as the description of the entry holds them."""
        return {"dtype": str(self._dtype).removeprefix("torch."), "shape": self._shape, "crc32": self._crc32}


def describe(folder: Path, key: object, facts: Mapping[str, Any], tensors: Mapping[str, Mapping[str, Any]]) -> Stored:
    """Write the description of an entry whose tensors are on the disk, and return its content.

    Args:
        folder: Folder of the entry.
        key: Plain values that decide the content.
        facts: Other plain values, not called ``key`` or ``tensors``.
        tensors: Name of each file -> its description, see :attr:`TensorFile.described`.
    """
    meta = {"key": key, **facts, "tensors": tensors}
    content = json.dumps(meta, indent=1).encode()
    for name, text in ((_META, content), (_META_SHA256, hashlib.sha256(content).hexdigest().encode("ascii"))):
        with (folder / name).open("wb") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
    # Mapped before the folder takes its place: from then on another run may remove it.
    mapped = {}
    for name, described in tensors.items():
        with open_regular(folder / name) as file:
            mapped[name] = _mapped(file, described)
    return Stored(folder, mapped, facts)


def crc32_of(file: FileIO, size: int, crc32: int = 0) -> int:
    """Continue a CRC-32 with the next ``size`` bytes of a file, or as many as there are.

    It finds accidental damage in at most half the time of SHA-256.
    """
    block = memoryview(bytearray(min(size, _BLOCK)))
    while size and (count := file.readinto(block[:size])):
        crc32 = zlib.crc32(block[:count], crc32)
        size -= count
    return crc32


def _verified(entry: Path, key: object) -> Stored:
    """Read an entry; raises OSError, ValueError, KeyError or TypeError unless it is exactly what was written."""
    with open_regular(entry / _META) as file:
        content = file.read()
    with open_regular(entry / _META_SHA256) as file:
        if hashlib.sha256(content).hexdigest().encode("ascii") != file.read():
            raise ValueError(f"{_META} was changed")
    meta = json.loads(content)
    if meta.pop("key") != key:
        raise ValueError(f"{_META} belongs to another entry")
    tensors = {}
    for name, described in meta.pop("tensors").items():
        with open_regular(entry / name) as file:
            wanted = math.prod(described["shape"]) * getattr(torch, described["dtype"]).itemsize
            if (size := os.fstat(file.fileno()).st_size) != wanted:
                raise ValueError(f"{name} has {size} bytes instead of {wanted}")
            if crc32_of(file, size) != described["crc32"]:
                raise ValueError(f"{name} was changed")
            tensors[name] = _mapped(file, described)
    return Stored(entry, tensors, meta)


def _mapped(file: FileIO, described: Mapping[str, Any]) -> Tensor:
    dtype, shape = getattr(torch, described["dtype"]), described["shape"]
    if not math.prod(shape):
        return torch.empty(shape, dtype=dtype)
    # Read-only, since the kernel may refuse a private mapping that is larger than the memory.
    numbers = np.memmap(file, np.uint8, mode="r")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*not writable.*")  # nobody writes to what is kept
        return torch.from_numpy(numbers).view(dtype).view(shape)
