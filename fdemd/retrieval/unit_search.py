"""Stage 1 over a gallery of unit vectors, exactly: nothing is divided by its length at each search."""

from __future__ import annotations

import torch
from torch import Tensor

from fdemd.retrieval.search import first_places
from fdemd.tensors.checks import check, checked
from fdemd.tensors.directions import unit

_COSINES_AT_ONCE = 2**25
"""Cosines in memory at a time (128 MiB, and once more while those of a few queries are turned)."""
_FEW = 8
"""Queries up to which a product is quicker with the gallery as its left side."""


class UnitIndex:
    """A gallery whose embeddings have length 1, as they lie in memory.

    Examples:
        >>> index = UnitIndex(torch.eye(3))
        >>> rows, cosines = index.search(torch.tensor([[0.0, 3.0, 4.0]]), 2)
        >>> rows.tolist(), [round(value, 1) for value in cosines[0].tolist()]
        ([[2, 1]], [0.8, 0.6])
    """

    @checked(gallery="float32 G D")
    def __init__(self, gallery: Tensor) -> None:
        """Take a gallery.

        Args:
            gallery: Embeddings ``(G, D)`` of length 1.
        """
        self._gallery = gallery

    def __len__(self) -> int:
        return len(self._gallery)

    def search(self, query: Tensor, depth: int) -> tuple[Tensor, Tensor]:
        """Find the gallery faces nearest to each query.

        Args:
            query: Embeddings ``(Q, D)``, of any length.
            depth: Places to fill.

        Returns:
            Gallery rows and cosines, ``(Q, min(depth, G))`` each, best first, equal ones in the order of their rows.

        Raises:
            InputError: An embedding is not finite.
            ValueError: The embeddings are of another size or type.
        """
        (query,) = check({"query": (query, f"real Q {self._gallery.shape[1]}")})
        depth = min(depth, len(self))
        found, cosines = [], []
        for some in unit(query, "the queries' embeddings").split(max(1, _COSINES_AT_ONCE // max(1, len(self)))):
            cosine = self._cosines(some)
            rows = first_places(cosine, depth)
            found.append(rows)
            cosines.append(cosine.gather(1, rows))
        return torch.cat(found), torch.cat(cosines)

    def _cosines(self, query: Tensor) -> Tensor:
        """Cosines ``(Q, G)`` of a few unit vectors with the gallery.

        A single one is multiplied twice: PyTorch gives a product with one vector to one thread, and with two to all, if
        both lie in memory.
        """
        if len(query) > _FEW:
            return query @ self._gallery.T
        pair = query.repeat(2, 1) if len(query) == 1 else query
        return (self._gallery @ pair.T)[:, : len(query)].T.contiguous()
