"""Features on disk: a network looks at each face once, whatever is asked of its features afterwards."""

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
"""What is kept of :class:`~fdemd.features.Features`, a file each, beside the grid."""
_VERSION = "1"
"""Part of every key; raised when networks, queries or these files change, so that older stores are not used."""
_WHAT = "features"


class FeatureStore:
    """Stored features of one network, an entry a key.

    A key says everything that decides the features apart from the network's settings. It is made of plain values, and
    the entry is called by the sha256 of both.

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
        found = read_entry(place, key, _WHAT)
        return _features(found) if found else None

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
        self._key, self._faces, self._filled = key, faces, 0
        self._features: Features | None = None
        self._entry = EntryWriter(place, _WHAT, f"{ADVICE}, or do without with features.store=false")

    def append(self, features: Features) -> None:
        """Add a batch, which lies on the CPU.

        Raises:
            InputError: the disk is full or fails.
        """
        tensors = {name: getattr(features, name) for name in TENSORS}
        if not self._filled:
            self._entry.begin({name: (each.dtype, (self._faces, *each.shape[1:])) for name, each in tensors.items()})
        self._entry.append(tensors)
        self._filled += len(features)
        if self._filled == self._faces:
            self._features = _features(self._entry.finish(self._key, {"grid": features.grid}))

    def features(self) -> Features:
        """All that was written, memory-mapped and read-only: the very numbers that a later run will read."""
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
