"""The patches of a part of a gallery, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sqlalchemy import select
from torch import Tensor

from fdemd.features import Features
from fdemd.gallery.database import Database
from fdemd.gallery.packing import unpack_features
from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import Patches

_AT_ONCE = 500


class _Packed(NamedTuple):
    """A grid of patches, as the database packs them."""

    rows: int
    columns: int
    data: bytes


class PatchesInMemory:
    """Patches by the numbers of photographs; other threads may ask for them while new ones are read."""

    def __init__(self, database: Database, pin: Pin) -> None:
        """Begin with none."""
        self._database, self._dtype = database, pin.dtype
        self._photographs = np.zeros(0, np.int64)
        self._packed: dict[int, _Packed] = {}

    def follow(self, photographs: Tensor) -> None:
        """Read the patches of photographs that are new, and forget those of photographs that are gone.

        Args:
            photographs: ``(G,)`` rising numbers of all photographs that there are now.
        """
        now = photographs.numpy()
        for number in np.setdiff1d(self._photographs, now, assume_unique=True).tolist():
            self._packed.pop(number, None)
        for some in torch.from_numpy(np.setdiff1d(now, self._photographs, assume_unique=True)).split(_AT_ONCE):
            self._read(some.tolist())
        self._photographs = now

    def features(self, photographs: Tensor) -> tuple[Features | None, Tensor]:
        """Return features, without embeddings, of photographs whose patches are there, and which these are.

        Args:
            photographs: ``(P,)`` rising numbers.
        """
        found = {number: packed for number in photographs.tolist() if (packed := self._packed.get(number)) is not None}
        if not found:
            return None, photographs[:0]
        rows, columns, _ = next(iter(found.values()))
        data = [each.data for each in found.values()]
        features = unpack_features(torch.zeros(len(found), 0), data, (rows, columns), self._dtype)
        return features, torch.tensor(list(found))

    def _read(self, numbers: Sequence[int]) -> None:
        query = select(Patches.photograph_id, Patches.rows, Patches.columns, Patches.data)
        with self._database.read() as session:
            for each in session.execute(query.where(Patches.photograph_id.in_(numbers))):
                self._packed[each.photograph_id] = _Packed(each.rows, each.columns, each.data)
