"""Stage 1 by FAISS: indices of the gallery, exact or approximate; how much they miss is measured on every run."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.retrieval.faiss_builders import AT_ONCE, empty_index, unit_array
from fdemd.retrieval.ranking import NOBODY, sorted_by_score
from fdemd.settings.ranking import ExactSearch, HnswSearch, IndexedSearch, IvfPqSearch, IvfSearch, Stage1
from fdemd.tensors.checks import check, checked
from fdemd.tensors.directions import unit

_LARGEST_SEED = 2**31 - 1
"""FAISS counts in 32 bits."""


def check_installed(stage1: Stage1) -> None:
    """Check that FAISS is there if a first stage needs it.

    Raises:
        InputError: It is not installed.
    """
    if not isinstance(stage1, ExactSearch) and importlib.util.find_spec("faiss") is None:
        raise InputError(f"stage1={stage1.search} needs FAISS; pip install 'fdemd[faiss]', or use stage1=exact.")


class FaissIndex:
    """A gallery that FAISS has indexed, in memory.

    Attributes:
        settings: The section that it was built with.
    """

    @checked(gallery="real G D")
    def __init__(self, settings: IndexedSearch, gallery: Tensor, seed: int) -> None:
        """Index a gallery.

        Args:
            settings: Which index, and how much it looks at.
            gallery: Embeddings ``(G, D)``, of any length.
            seed: Seed of its random choices; equal seeds give equal indices.

        Raises:
            InputError: An embedding is not finite, or the gallery is too small for the cells or codes.
            ValueError: The gallery is not of faces of numbers, or has none.
        """
        if not gallery.numel():
            raise ValueError(f"A gallery of {len(gallery)} embeddings of {gallery.shape[1]} numbers has no index.")
        self.settings = settings
        with _threads(torch.get_num_threads()):
            self._index = empty_index(settings, gallery, seed % _LARGEST_SEED)
        # Several threads would race for the neighbours of a graph, which would be another one each time.
        with _threads(1 if isinstance(settings, HnswSearch) else torch.get_num_threads()):
            for some in gallery.split(AT_ONCE):
                self._index.add(unit_array(some))
        # Codes only say which embeddings to look at.
        self._looked_at = gallery if isinstance(settings, IvfPqSearch) else None
        self._refine = settings.refine if isinstance(settings, IvfPqSearch) else 1

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def __str__(self) -> str:
        values = ", ".join(f"{name} {value}" for name, value in self.described().items() if name != "search")
        return self.settings.search + (f" ({values})" if values else "")

    def described(self) -> dict[str, Any]:
        """Return its name and settings, as results are labelled; the number of cells is the one that was used."""
        used = {"nlist": self._index.nlist} if isinstance(self.settings, IvfSearch | IvfPqSearch) else {}
        return dict(self.settings) | used

    def search(self, query: Tensor, depth: int) -> tuple[Tensor, Tensor]:
        """Find the gallery faces nearest to each query.

        Args:
            query: Embeddings ``(Q, D)``, of any length.
            depth: Places to fill.

        Returns:
            Gallery rows and cosines, ``(Q, min(depth, G))`` each, best first, equal ones in the order of their rows.
            Places that the index found nothing for are at the end: ``NOBODY`` with a cosine of minus infinity.

        Raises:
            InputError: An embedding is not finite.
            ValueError: The embeddings are of another size or type.
        """
        (query,) = check({"query": (query, f"real Q {self._index.d}")})
        if depth < 1:
            nothing = torch.zeros(len(query), 0, device=query.device)
            return nothing.long(), nothing
        places = min(depth, len(self))
        with _threads(torch.get_num_threads()):
            found = self._index.search(unit_array(query), min(self._refine * depth, len(self)))
        cosine, found = map(torch.from_numpy, found)
        cosine, found = cosine.to(query.device), found.to(query.device)
        if self._looked_at is not None:
            cosine = _cosines(query, self._looked_at, found)
        cosine = cosine.masked_fill(found == NOBODY, -torch.inf)  # FAISS too says -1 for nobody
        found, order = found.sort(dim=1)
        cosine = cosine.gather(1, order)
        order = sorted_by_score(cosine)[:, :places]
        return found.gather(1, order), cosine.gather(1, order)


def _cosines(query: Tensor, gallery: Tensor, rows: Tensor) -> Tensor:
    """Cosines ``(Q, L)`` of queries with gallery rows of each, whatever stands where there is nobody."""
    query = unit(query, "the queries' embeddings")
    found = [
        unit(gallery[some.clamp_min(0)], "the gallery's embeddings") @ each
        for each, some in zip(query, rows, strict=True)
    ]
    return torch.stack(found) if found else query.new_zeros(rows.shape)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let FAISS use as many threads as torch does, and no more: they would wait for each other."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
