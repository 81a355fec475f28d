"""Stage 1 by FAISS: indices of the gallery, exact or approximate; how much they miss is measured on every run."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.retrieval.ranking import NOBODY, sorted_by_score
from fdemd.settings.ranking import ExactSearch, FlatSearch, HnswSearch, IndexedSearch, IvfSearch, Stage1
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


def _flat(settings: FlatSearch, gallery: Any, seed: int) -> Any:
    import faiss

    index = faiss.IndexFlatIP(gallery.shape[1])
    index.add(gallery)
    return index


def _ivf(settings: IvfSearch, gallery: Any, seed: int) -> Any:
    import faiss

    count, length = gallery.shape
    nlist = settings.nlist or min(count, round(4 * math.sqrt(count)))
    if nlist > count:
        raise InputError(f"stage1.nlist is {nlist}, but the gallery has only {count} faces; give fewer cells.")
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(length), length, nlist, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed
    index.cp.min_points_per_centroid = 1  # else FAISS warns of cells with few faces
    index.train(gallery)
    index.add(gallery)
    index.nprobe = min(settings.nprobe, nlist)
    return index


def _hnsw(settings: HnswSearch, gallery: Any, seed: int) -> Any:
    import faiss

    index = faiss.IndexHNSWFlat(gallery.shape[1], settings.m, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.rng = faiss.RandomGenerator(seed)
    # More candidates than faces there are not, and FAISS would make room for them.
    index.hnsw.efConstruction, index.hnsw.efSearch = (
        min(candidates, len(gallery)) for candidates in (settings.ef_construction, settings.ef_search)
    )
    with _threads(1):  # several would race, and the graph would be another one each time
        index.add(gallery)
    return index


_BUILDERS: dict[str, Callable[[Any, Any, int], Any]] = {"faiss_flat": _flat, "faiss_ivf": _ivf, "faiss_hnsw": _hnsw}
"""Name of a search -> what indexes unit embeddings, a numpy array ``(G, D)``."""


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
            InputError: An embedding is not finite, or there are more cells than faces.
            ValueError: The gallery is not of faces of numbers, or has none.
        """
        if not gallery.numel():
            raise ValueError(f"A gallery of {len(gallery)} embeddings of {gallery.shape[1]} numbers has no index.")
        self.settings = settings
        with _threads(torch.get_num_threads()):
            self._index = _BUILDERS[settings.search](settings, _unit(gallery), seed % _LARGEST_SEED)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def __str__(self) -> str:
        values = ", ".join(f"{name} {value}" for name, value in self.described().items() if name != "search")
        return self.settings.search + (f" ({values})" if values else "")

    def described(self) -> dict[str, Any]:
        """Return its name and settings, as results are labelled; the number of cells is the one that was used."""
        used = {"nlist": self._index.nlist} if isinstance(self.settings, IvfSearch) else {}
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
        with _threads(torch.get_num_threads()):
            cosine, found = map(torch.from_numpy, self._index.search(_unit(query), min(depth, self._index.ntotal)))
        cosine, found = cosine.to(query.device), found.to(query.device)
        cosine = cosine.masked_fill(found == NOBODY, -torch.inf)  # FAISS too says -1 for nobody
        found, order = found.sort(dim=1)
        cosine = cosine.gather(1, order)
        order = sorted_by_score(cosine)
        return found.gather(1, order), cosine.gather(1, order)


def _unit(embeddings: Tensor) -> Any:
    return unit(embeddings.detach(), "the embeddings").cpu().contiguous().numpy()


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
