"""Similarities on disk: a pair is computed once for all alphas and k, and what was broken off goes on where it was."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fdemd.cache.entries import kept

_VERSION = "2"
"""Part of every key; raised when engines or these files change, so that older stores are not used."""

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

    def get(self, rows: slice, candidates: Tensor, compute: Callable[[], Computed]) -> Computed:
        """What was, or now is, computed of some queries' candidates.

        Args:
            rows: of the queries.
            candidates: ``(n, k)`` gallery rows of these queries.
            compute: gives it; tensors of any shape.

        Raises:
            InputError: the cache cannot be written.
        """
        digest = hashlib.sha256(self._key)
        digest.update(f"{rows.start} {rows.stop} {tuple(candidates.shape)}".encode())
        digest.update(candidates.contiguous().numpy().data)
        computed = False

        def make(folder: Path) -> None:
            nonlocal computed
            started = time.perf_counter()
            tensors = {name: tensor.numpy() for name, tensor in compute().items()}
            seconds, computed = time.perf_counter() - started, True
            np.savez(folder / "computed.npz", allow_pickle=False, seconds=np.float64(seconds), **tensors)

        entry = kept(self._folder / digest.hexdigest(), make)
        self.stored += not computed
        with np.load(entry / "computed.npz", allow_pickle=False) as arrays:
            self.seconds += float(arrays["seconds"])
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files if name != "seconds"}
