"""Stored similarities, so that a pair is computed once for all alphas and k, and a broken run can be resumed."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from fdemd.cache.entry_writer import EntryWriter
from fdemd.cache.tensors import read_entry
from fdemd.errors import InputError

_VERSION = "2"
"""Part of every key; raised when engines change, so that older entries are not read."""
_WHAT = "similarities"
_log = logging.getLogger(__name__)

Computed = dict[str, Tensor]
"""Name -> tensor computed for a block of pairs."""


class SimilarityStore:
    """Similarities of one set of queries and one gallery on disk, an entry a block of queries.

    The name of an entry is the sha256 of everything that decides it: the key and the candidates of the block.

    Attributes:
        seconds: Time in seconds that computing the blocks took so far, in this run or an earlier one.
        stored: Number of blocks that an earlier run had computed.
    """

    def __init__(self, cache: Path, key: Mapping[str, Any]) -> None:
        """Describe the store.

        Args:
            cache: Folder of the cache.
            key: Plain values that identify the features and the settings.
        """
        self._folder = cache / "similarities"
        self._key = json.dumps({"version": _VERSION, **key}, sort_keys=True).encode()
        self.seconds = 0.0
        self.stored = 0
        self._warned = False

    def get(self, rows: slice, candidates: Tensor, compute: Callable[[], Computed]) -> Computed:
        """Return the tensors of a block of queries, computing and storing them unless they are stored.

        If they cannot be stored, they are returned after a warning.

        Args:
            rows: Rows of the queries.
            candidates: Gallery rows ``(n, k)`` of the candidates of these queries.
            compute: Returns the tensors, of any shape.
        """
        digest = hashlib.sha256(self._key)
        digest.update(f"{rows.start} {rows.stop} {tuple(candidates.shape)}".encode())
        digest.update(candidates.contiguous().numpy().data)
        entry = self._folder / digest.hexdigest()
        if found := read_entry(entry, entry.name, _WHAT):
            self.stored += 1
            self.seconds += found.facts["seconds"]
            return {name: tensor.clone() for name, tensor in found.tensors.items()}
        started = time.perf_counter()
        computed = compute()
        seconds = time.perf_counter() - started
        self.seconds += seconds
        self._write(entry, computed, seconds)
        return computed

    def _write(self, entry: Path, computed: Computed, seconds: float) -> None:
        """Store the tensors if possible; hours of computing must not be lost because the disk is full."""
        try:
            with EntryWriter(entry, _WHAT) as new:
                new.write(computed)
                new.finish(entry.name, {"seconds": seconds})
        except InputError as error:
            if not self._warned:
                _log.warning("Similarities are computed, but not stored for later runs: %s", error)
            self._warned = True
