"""Features of enrolled faces, read from the database."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from sqlalchemy import Select, select
from torch import Tensor

from fdemd.features import Features
from fdemd.gallery.database import Database
from fdemd.gallery.packing import unpack_embeddings, unpack_features
from fdemd.gallery.pin import Pin
from fdemd.gallery.schema import Patches, Photograph

_AT_ONCE = 500


class Stored:
    """What a gallery's database has of enrolled faces."""

    def __init__(self, database: Database, pin: Pin) -> None:
        """Take where it is, and of which precision the patches are."""
        self._database, self._dtype = database, pin.dtype

    def features(self, photographs: Tensor) -> tuple[Features | None, Tensor]:
        """Return features of photographs with patches that are still there, and which these are.

        Args:
            photographs: ``(P,)`` rising numbers.
        """
        columns = (Photograph.id, Photograph.embedding, Patches.rows, Patches.columns, Patches.data)
        query = select(*columns).join(Patches, Patches.photograph_id == Photograph.id)
        found = self._found(query, photographs)
        if not found:
            return None, photographs[:0]
        embeddings = unpack_embeddings([each[1] for each in found])
        features = unpack_features(embeddings, [each[4] for each in found], (found[0][2], found[0][3]), self._dtype)
        return features, torch.tensor([each[0] for each in found])

    def embeddings(self, photographs: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings ``(B, D)`` of photographs that are still there, and which these are.

        Args:
            photographs: ``(P,)`` rising numbers.
        """
        found = self._found(select(Photograph.id, Photograph.embedding), photographs)
        if not found:
            return torch.zeros(0, 0), photographs[:0]
        return unpack_embeddings([each[1] for each in found]), torch.tensor([each[0] for each in found])

    def _found(self, query: Select, photographs: Tensor) -> list[Sequence]:
        with self._database.read() as session:
            return [
                each
                for some in photographs.split(_AT_ONCE)
                for each in session.execute(query.where(Photograph.id.in_(some.tolist())).order_by(Photograph.id))
            ]
