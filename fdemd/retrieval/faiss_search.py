"""Stage 1 by FAISS: indices of the gallery, exact or approximate; how much they miss is measured on every run."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from fdemd.errors import InputError, unknown
from fdemd.retrieval.ranking import NOBODY, sorted_by_score

EXACT = "exact"


@dataclass(frozen=True)
class Flat:
    """FAISS's own comparison with every face."""

    name: ClassVar[str] = "faiss_flat"

    def build(self, gallery: Any, seed: int) -> Any:
        """Return an index of unit embeddings, a numpy array ``(G, D)``."""
        import faiss

        index = faiss.IndexFlatIP(gallery.shape[1])
        index.add(gallery)
        return index


@dataclass(frozen=True)
class IVF:
    """Inverted file: cells around the centres that k-means finds, of which those nearest to a query are searched.

    Attributes:
        nlist: cells; None takes 4 times the square root of the gallery.
        nprobe: cells to search for each query.
    """

    nlist: int | None = None
    nprobe: int = 64
    name: ClassVar[str] = "faiss_ivf"

    def build(self, gallery: Any, seed: int) -> Any:
        """Return an index of unit embeddings, a numpy array ``(G, D)``."""
        import faiss

        count, length = gallery.shape
        nlist = self.nlist or min(count, round(4 * math.sqrt(count)))
        if nlist > count:
            raise InputError(f"stage1.nlist is {nlist}, but the gallery has only {count} faces; give fewer cells.")
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(length), length, nlist, faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = seed
        index.cp.min_points_per_centroid = 1  # else FAISS warns of cells with few faces
        index.train(gallery)
        index.add(gallery)
        index.nprobe = self.nprobe
        return index


@dataclass(frozen=True)
class HNSW:
    """A graph in layers, walked from far to near (hierarchical navigable small world).

    Attributes:
        m: neighbours of a face in the graph; twice as many in the lowest layer.
        ef_construction: candidates looked at to find them.
        ef_search: candidates kept in a search; at least as many as places are asked for.
    """

    m: int = 32
    ef_construction: int = 80
    ef_search: int = 256
    name: ClassVar[str] = "faiss_hnsw"

    def build(self, gallery: Any, seed: int) -> Any:
        """Return an index of unit embeddings, a numpy array ``(G, D)``."""
        import faiss

        index = faiss.IndexHNSWFlat(gallery.shape[1], self.m, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.rng = faiss.RandomGenerator(seed)
        index.hnsw.efConstruction, index.hnsw.efSearch = self.ef_construction, self.ef_search
        with _threads(1):  # several would race, and the graph would be another one each time
            index.add(gallery)
        return index


IndexSettings = Flat | IVF | HNSW
_INDICES = {kind.name: kind for kind in (Flat, IVF, HNSW)}


def index_settings(stage1: Mapping[str, Any]) -> IndexSettings | None:
    """Settings of the index as ``configs/stage1`` has them; None for the exact search, which needs none.

    Raises:
        InputError: unknown search, a setting out of range, or FAISS is not installed.
    """
    settings = dict(stage1)
    name = settings.pop("search")
    if name == EXACT:
        return None
    if name not in _INDICES:
        raise unknown("search", name, (EXACT, *_INDICES))
    for key, value in settings.items():
        if not (type(value) is int and value > 0) and not (key == "nlist" and value is None):
            raise InputError(f"stage1.{key} is {value}; it must be a whole number from 1.")
    if importlib.util.find_spec("faiss") is None:
        raise InputError(f"stage1={name} needs FAISS; pip install -e '.[faiss]', or use stage1=exact.")
    return _INDICES[name](**settings)


class FaissIndex:
    """A gallery that FAISS has indexed, in memory.

    Attributes:
        settings: it was built with.
    """

    def __init__(self, settings: IndexSettings, gallery: Tensor, seed: int) -> None:
        """Index a gallery's embeddings ``(G, D)``, of any length; equal seeds give equal indices."""
        self.settings = settings
        with _threads(torch.get_num_threads()):
            self._index = settings.build(_unit(gallery), seed)

    def __str__(self) -> str:
        values = ", ".join(f"{name} {value}" for name, value in self.described().items() if name != "search")
        return f"{self.settings.name}" + (f" ({values})" if values else "")

    def described(self) -> dict[str, Any]:
        """Name and settings, as results are labelled with; the number of cells is the one that was used."""
        used = {"nlist": self._index.nlist} if isinstance(self.settings, IVF) else {}
        return {"search": self.settings.name} | asdict(self.settings) | used

    def search(self, query: Tensor, depth: int) -> tuple[Tensor, Tensor]:
        """Gallery rows and cosines ``(Q, min(depth, G))``, best first, equal ones in the order of their rows.

        Places that the index found nothing for are at the end: ``NOBODY`` with a cosine of minus infinity.
        """
        with _threads(torch.get_num_threads()):
            cosine, found = map(torch.from_numpy, self._index.search(_unit(query), min(depth, self._index.ntotal)))
        cosine, found = cosine.to(query.device), found.to(query.device)
        cosine = cosine.masked_fill(found == NOBODY, -torch.inf)  # FAISS too says -1 for nobody
        found, order = found.sort(dim=1)
        cosine = cosine.gather(1, order)
        order = sorted_by_score(cosine)
        return found.gather(1, order), cosine.gather(1, order)


def _unit(embeddings: Tensor) -> Any:
    return normalize(embeddings.float(), dim=1).cpu().numpy()


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
