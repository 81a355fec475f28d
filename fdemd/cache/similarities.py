"""Similarities on disk: a pair is computed once for all alphas and k, and what was broken off goes on where it was."""

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
"""Part of every key; raised when engines change, so that older stores are not used."""
_WHAT = "similarities"
_log = logging.getLogger(__name__)

Computed = dict[str, Tensor]
"""Name -> tensor; what is computed of some pairs."""


class SimilarityStore:
    """What was computed of the pairs of one set of queries and one gallery, an entry a piece.

    An entry is called by the sha256 of everything that decides it: the key and the piece's candidates.

    Attributes:
        seconds: that the pieces took so far, whenever they were computed.
        stored: pieces that an earlier run had computed.
    """

    def __init__(self, cache: Path, key: Mapping[str, Any]) -> None:
        """Describe the store.

        Args:
            cache: folder of everything that can be made again.
            key: plain values that tell the features and the settings from all others.
        """
        self._folder = cache / "similarities"
        self._key = json.dumps({"version": _VERSION, **key}, sort_keys=True).encode()
        self.seconds = 0.0
        self.stored = 0
        self._warned = False

    def get(self, rows: slice, candidates: Tensor, compute: Callable[[], Computed]) -> Computed:
        """What was, or now is, computed of some queries' candidates.

        Where it cannot be stored it is given all the same, and a sentence says so.

        Args:
            rows: of the queries.
            candidates: ``(n, k)`` gallery rows of these queries.
            compute: gives it; tensors of any shape.
        """
        digest = hashlib.sha256(self._key)
        digest.update(f"{rows.start} {rows.stop} {tuple(candidates.shape)}".encode())
        digest.update(candidates.contiguous().numpy().data)
        place = self._folder / digest.hexdigest()
        if found := read_entry(place, place.name, _WHAT):
            self.stored += 1
            self.seconds += found.facts["seconds"]
            return {name: tensor.clone() for name, tensor in found.tensors.items()}
        started = time.perf_counter()
        computed = compute()
        seconds = time.perf_counter() - started
        self.seconds += seconds
        self._write(place, computed, seconds)
        return computed

    def _write(self, place: Path, computed: Computed, seconds: float) -> None:
        """Store it, if there is a place for it: hours of computing are not to end for the want of one."""
        try:
            with EntryWriter(place, _WHAT) as new:
                new.write(computed)
                new.finish(place.name, {"seconds": seconds})
        except InputError as error:
            if not self._warned:
                _log.warning("Similarities are computed, but not stored for later runs: %s", error)
            self._warned = True
