"""Stored features, so that a network embeds each face once, however its features are ranked afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from fdemd.cache.entry_writer import ADVICE, EntryWriter
from fdemd.cache.tensors import Stored, read_entry
from fdemd.features import Features

TENSORS = ("embedding", "patches", "landmarks")
"""Fields of :class:`~fdemd.features.Features` that are stored, a file each; the grid is a fact beside them."""
_VERSION = "1"
"""Part of every key; raised when networks, queries or the files change, so that older entries are not read."""
_WHAT = "features"


class FeatureStore:
    """Features of one network on disk, one entry a key.

    A key consists of plain values and holds everything that decides the features apart from the settings of the
    network. The name of an entry is the sha256 of both.

    Attributes:
        folder: Folder of the features of all networks.
    """

    def __init__(self, cache: Path, network: Mapping[str, Any]) -> None:
        """Describe the store.

        Args:
            cache: Folder of the cache.
            network: Settings that the network was built with; the path of its weights is ignored, their digest belongs
                into the key.
        """
        self.folder = cache / "features"
        self._network = {name: value for name, value in network.items() if name != "checkpoint"}

    def read(self, key: Mapping[str, Any]) -> Features | None:
        """Return the features of a key, memory-mapped and read-only; None if there are none.

        A damaged entry is removed with a warning, and counts as none.
        """
        key, entry = self._complete(key)
        found = read_entry(entry, key, _WHAT)
        return _features(found) if found else None

    def writer(self, key: Mapping[str, Any], faces: int) -> StoreWriter:
        """Return a writer for the features of a key, to be used in a ``with`` block.

        Args:
            key: The key.
            faces: Number of faces that will be written.

        Raises:
            InputError: The folder cannot be written.
        """
        key, entry = self._complete(key)
        return StoreWriter(entry, key, faces)

    def name(self, key: Mapping[str, Any]) -> str:
        """Return the name of the entry of a key, a digest that identifies the features."""
        return self._complete(key)[1].name

    def _complete(self, key: Mapping[str, Any]) -> tuple[dict[str, Any], Path]:
        """Return the key with version and network, as read back from JSON, and the path of its entry."""
        text = json.dumps({"version": _VERSION, "network": self._network, **key}, sort_keys=True)
        return json.loads(text), self.folder / hashlib.sha256(text.encode()).hexdigest()


class StoreWriter:
    """Writes the features of a known number of faces batch by batch, and finishes the entry with the last one.

    Only the batch at hand is in memory. If two runs write the same entry, one of them wins, and both have features.
    """

    def __init__(self, entry: Path, key: Mapping[str, Any], faces: int) -> None:
        self._key, self._faces, self._filled = key, faces, 0
        self._features: Features | None = None
        self._entry = EntryWriter(entry, _WHAT, f"{ADVICE}, or do without with features.store=false")

    def append(self, features: Features) -> None:
        """Append a batch that lies on the CPU.

        Raises:
            InputError: The disk is full or fails.
        """
        tensors = {name: getattr(features, name) for name in TENSORS}
        if not self._filled:
            self._entry.begin({name: (each.dtype, (self._faces, *each.shape[1:])) for name, each in tensors.items()})
        self._entry.append(tensors)
        self._filled += len(features)
        if self._filled == self._faces:
            self._features = _features(self._entry.finish(self._key, {"grid": features.grid}))

    def features(self) -> Features:
        """Return all features, memory-mapped and read-only: the very numbers that a later run will read."""
        if self._features is None:
            raise ValueError(f"{self._filled} of {self._faces} faces have been written.")
        return self._features

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entry.__exit__(kind, error, trace)


def _features(found: Stored) -> Features:
    rows, columns = found.facts["grid"]
    return Features(**found.tensors, grid=(rows, columns))
