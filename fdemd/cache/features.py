"""Features on disk: a network looks at each face once, whatever is asked of its features afterwards."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import math
import os
import shutil
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from fdemd.cache.entries import NewEntry, mark_used, remove
from fdemd.errors import InputError
from fdemd.features import Features

TENSORS = ("embedding", "patches", "landmarks")
"""What is kept of :class:`~fdemd.features.Features`, a file each, beside the grid."""
_VERSION = "1"
"""Part of every key; raised when networks, queries or these files change, so that older stores are not used."""
_BLOCK = 1 << 24
_log = logging.getLogger(__name__)


class FeatureStore:
    """Stored features of one network, an entry a key.

    A key says everything that decides the features apart from the network's settings. It is made of plain values, and
    the entry is called by the sha256 of both. An entry has the raw numbers of each tensor, ``meta.json`` (key, shapes,
    precisions, grid, a CRC-32 of each file: against accidents, at 4 GB/s where SHA-256 has 1.6) and the sha256 of
    ``meta.json``.

    Attributes:
        folder: of all networks' features.
    """

    def __init__(self, cache: Path, network: Mapping[str, Any]) -> None:
        """Describe the store.

        Args:
            cache: folder of everything that can be made again.
            network: settings it was built with; the path of its weights among them does not count.
        """
        self.folder = cache / "features"
        self._network = {name: value for name, value in network.items() if name != "checkpoint"}

    def read(self, key: Mapping[str, Any]) -> Features | None:
        """Features of a key, memory-mapped and read-only; None if there are none.

        A damaged entry counts as none: it is removed, and a sentence says so.
        """
        key, place = self._whole(key)
        if not place.is_dir():
            return None
        try:
            features = _read(place, key)
        except (OSError, ValueError) as error:
            _log.warning("The features stored in %s are damaged (%s); they are computed again.", place, error)
            with suppress(OSError):  # then the new ones cannot take their place, but are used all the same
                remove(place)
            return None
        mark_used(place)
        return features

    def writer(self, key: Mapping[str, Any], faces: int) -> StoreWriter:
        """A writer of the features of a key, to be used in a ``with`` block.

        Raises:
            InputError: the folder cannot be written.
        """
        key, place = self._whole(key)
        return StoreWriter(place, key, faces)

    def name(self, key: Mapping[str, Any]) -> str:
        """The name of a key's entry, which tells these features from all others."""
        return self._whole(key)[1].name

    def _whole(self, key: Mapping[str, Any]) -> tuple[dict[str, Any], Path]:
        """The key with what it leaves to the store, as JSON gives it back, and the place of its entry."""
        text = json.dumps({"version": _VERSION, "network": self._network, **key}, sort_keys=True)
        return json.loads(text), self.folder / hashlib.sha256(text.encode()).hexdigest()


class StoreWriter:
    """Takes the features of a known number of faces batch by batch; they are stored as soon as the last one is there.

    Only the batch at hand is in memory. Two runs may write the same: one of them wins, both have their features.
    """

    def __init__(self, place: Path, key: Mapping[str, Any], faces: int) -> None:
        self._folder, self._key, self._faces = place.parent, key, faces
        self._filled = 0
        self._files: dict[str, BinaryIO] = {}
        self._facts: dict[str, dict[str, Any]] = {}
        self._features: Features | None = None
        with self._told():
            self._entry = NewEntry(place)

    def append(self, features: Features) -> None:
        """Add a batch, which lies on the CPU.

        Raises:
            InputError: the disk is full or fails.
        """
        tensors = {name: getattr(features, name) for name in TENSORS}
        with self._told():
            if not self._files:
                self._begin(tensors)
            for name, tensor in tensors.items():
                data = tensor.contiguous().view(torch.uint8).numpy()
                self._files[name].write(data)
                self._facts[name]["crc32"] = zlib.crc32(data, self._facts[name]["crc32"])
            self._filled += len(features)
            if self._filled == self._faces:
                self._finish(features.grid)

    def features(self) -> Features:
        """All that was written, memory-mapped and read-only: the very numbers that a later run will read."""
        if self._features is None:
            raise ValueError(f"{self._filled} of {self._faces} faces have been written.")
        return self._features

    def _begin(self, tensors: Mapping[str, Tensor]) -> None:
        size = sum(tensor[0].numel() * tensor.element_size() for tensor in tensors.values()) * self._faces
        if size > shutil.disk_usage(self._entry.folder).free:  # told now, not after an hour
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for name, tensor in tensors.items():
            self._files[name] = (self._entry.folder / name).open("wb")
            dtype = str(tensor.dtype).removeprefix("torch.")
            self._facts[name] = {"dtype": dtype, "shape": [self._faces, *tensor.shape[1:]], "crc32": 0}

    def _finish(self, grid: tuple[int, int]) -> None:
        for file in self._files.values():
            file.close()
        meta = {"key": self._key, "grid": grid, "tensors": self._facts}
        content = json.dumps(meta, indent=1).encode()
        (self._entry.folder / "meta.json").write_bytes(content)
        (self._entry.folder / "meta.sha256").write_text(hashlib.sha256(content).hexdigest(), encoding="ascii")
        # Mapped before the folder takes its place: from then on another run may remove it.
        self._features = _mapped(self._entry.folder, meta)
        self._entry.finish()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"The features cannot be stored in {self._folder} ({error.strerror}); make room (python -m "
                "fdemd.cache), choose another folder with data.cache=PATH, or do without with features.store=false."
            ) from error

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._entry:
            for file in self._files.values():
                with suppress(OSError):  # of a full disk, which was told already
                    file.close()


def _read(place: Path, key: Mapping[str, Any]) -> Features:
    """Raises ValueError or OSError for an entry that is not exactly what was written."""
    content = (place / "meta.json").read_bytes()
    if hashlib.sha256(content).hexdigest() != (place / "meta.sha256").read_text(encoding="ascii"):
        raise ValueError("meta.json was changed")
    meta = json.loads(content)
    if meta["key"] != key:
        raise ValueError("meta.json belongs to other features")
    for name, facts in meta["tensors"].items():
        wanted = math.prod(facts["shape"]) * getattr(torch, facts["dtype"]).itemsize
        if (size := (place / name).stat().st_size) != wanted:
            raise ValueError(f"{name} has {size} bytes instead of {wanted}")
        if _crc32(place / name) != facts["crc32"]:
            raise ValueError(f"{name} was changed")
    return _mapped(place, meta)


def _mapped(place: Path, meta: Mapping[str, Any]) -> Features:
    tensors = {}
    for name, facts in meta["tensors"].items():
        # Read-only, since the kernel may refuse a private mapping that is larger than the memory.
        numbers = np.memmap(place / name, np.uint8, mode="r")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*not writable.*")  # nobody writes to features
            tensors[name] = torch.from_numpy(numbers).view(getattr(torch, facts["dtype"])).view(facts["shape"])
    rows, columns = meta["grid"]
    return Features(**tensors, grid=(rows, columns))


def _crc32(path: Path) -> int:
    crc, block = 0, bytearray(_BLOCK)
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(block):
            crc = zlib.crc32(memoryview(block)[:size], crc)
    return crc
