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

from fdemd.errors import InputError, unknown
from fdemd.retrieval.ranking import NOBODY, sorted_by_score
from fdemd.tensors.checks import check, checked
from fdemd.tensors.directions import unit

EXACT = "exact"
_MOST_FACES = 2**31 - 1
"""FAISS counts candidates and cells in 32 bits."""
_FEWEST_NEIGHBOURS, _MOST_NEIGHBOURS = 2, 1024
"""FAISS divides by the logarithm of the neighbours; of 1,024 each face's list takes 8 KiB."""


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

    def __post_init__(self) -> None:
        if self.nlist is not None:
            _check_whole("nlist", self.nlist)
        _check_whole("nprobe", self.nprobe)

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
        index.nprobe = min(self.nprobe, nlist)
        return index


@dataclass(frozen=True)
class HNSW:
    """A graph in layers, walked from far to near (hierarchical navigable small world).

    Attributes:
        m: neighbours of a face in the graph, from 2 to 1024; twice as many in the lowest layer.
        ef_construction: candidates looked at to find them.
        ef_search: candidates kept in a search; at least as many as places are asked for.
    """

    m: int = 32
    ef_construction: int = 80
    ef_search: int = 256
    name: ClassVar[str] = "faiss_hnsw"

    def __post_init__(self) -> None:
        _check_whole("m", self.m, _FEWEST_NEIGHBOURS, _MOST_NEIGHBOURS)
        _check_whole("ef_construction", self.ef_construction)
        _check_whole("ef_search", self.ef_search)

    def build(self, gallery: Any, seed: int) -> Any:
        """Return an index of unit embeddings, a numpy array ``(G, D)``."""
        import faiss

        index = faiss.IndexHNSWFlat(gallery.shape[1], self.m, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.rng = faiss.RandomGenerator(seed)
        # More candidates than faces there are not, and FAISS would make room for them.
        index.hnsw.efConstruction, index.hnsw.efSearch = (
            min(candidates, len(gallery)) for candidates in (self.ef_construction, self.ef_search)
        )
        with _threads(1):  # several would race, and the graph would be another one each time
            index.add(gallery)
        return index


def _check_whole(name: str, value: object, least: int = 1, most: int = _MOST_FACES) -> None:
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"stage1.{name} is {value}; it must be a whole number from {least} to {most}.")


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
    made = _INDICES[name](**settings)
    if importlib.util.find_spec("faiss") is None:
        raise InputError(f"stage1={name} needs FAISS; pip install -e '.[faiss]', or use stage1=exact.")
    return made


class FaissIndex:
    """A gallery that FAISS has indexed, in memory.

    Attributes:
        settings: it was built with.
    """

    @checked(gallery="real G D")
    def __init__(self, settings: IndexSettings, gallery: Tensor, seed: int) -> None:
        """Index a gallery's embeddings ``(G, D)``, of any length; equal seeds give equal indices.

        Raises:
            InputError: an embedding that is not finite, or more cells than faces.
            ValueError: the gallery is no faces of numbers, or has none.
        """
        if not gallery.numel():
            raise ValueError(f"A gallery of {len(gallery)} embeddings of {gallery.shape[1]} numbers has no index.")
        self.settings = settings
        with _threads(torch.get_num_threads()):
            self._index = settings.build(_unit(gallery), seed % _MOST_FACES)

    def __len__(self) -> int:
        return int(self._index.ntotal)

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

        Raises:
            InputError: an embedding that is not finite.
            ValueError: embeddings of another size or type.
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
