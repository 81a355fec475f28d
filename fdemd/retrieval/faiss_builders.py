"""Empty indices by FAISS, which know of a gallery what they need: its cells, and what codes stand for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fdemd.errors import InputError
from fdemd.settings.ranking import FlatSearch, HnswSearch, IndexedSearch, IvfPqSearch, IvfSearch
from fdemd.tensors.directions import unit

AT_ONCE = 2**18
"""Faces that FAISS is given at a time, 512 MiB of 512 numbers each; and by which it finds cells, if they are enough."""
_LEARNT_A_CELL = 40
"""Faces a cell that are enough."""
_BITS = 8
"""Of each part of a code."""
_FEWEST_CODED = 2**_BITS


def unit_array(embeddings: Tensor) -> Any:
    """Return embeddings ``(B, D)`` at length 1 as FAISS takes them: a numpy array in float32."""
    return unit(embeddings.detach(), "the embeddings").cpu().contiguous().numpy()


def empty_index(settings: IndexedSearch, gallery: Tensor, seed: int) -> Any:
    """Return an index of FAISS's own type, to which nothing is added yet.

    Args:
        settings: Which index.
        gallery: Embeddings ``(G, D)``, of any length, that will be added.
        seed: Seed of its random choices, as FAISS takes it.

    Raises:
        InputError: The gallery is too small for the cells or codes, or an embedding is not finite.
    """
    return _BUILDERS[settings.search](settings, gallery, seed)


def _flat(settings: FlatSearch, gallery: Tensor, seed: int) -> Any:
    import faiss

    return faiss.IndexFlatIP(gallery.shape[1])


def _ivf(settings: IvfSearch, gallery: Tensor, seed: int) -> Any:
    import faiss

    cells, length = _cells(settings, gallery), gallery.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(length), length, cells, faiss.METRIC_INNER_PRODUCT)
    return _trained(index, settings, gallery, seed)


def _ivfpq(settings: IvfPqSearch, gallery: Tensor, seed: int) -> Any:
    import faiss

    count, length = gallery.shape
    if count < _FEWEST_CODED:
        raise InputError(
            f"stage1=faiss_ivfpq learns its codes from {_FEWEST_CODED} faces or more, and the gallery has {count}; use "
            "stage1=exact."
        )
    if length % settings.code:
        raise InputError(
            f"stage1.code is {settings.code}; embeddings of {length} numbers cannot be cut into so many equal parts."
        )
    cells = _cells(settings, gallery)
    index = faiss.IndexIVFPQ(faiss.IndexFlatIP(length), length, cells, settings.code, _BITS, faiss.METRIC_INNER_PRODUCT)
    index.pq.cp.min_points_per_centroid = 1
    return _trained(index, settings, gallery, seed)


def _cells(settings: IvfSearch | IvfPqSearch, gallery: Tensor) -> int:
    count = len(gallery)
    cells = settings.nlist or min(count, round(4 * math.sqrt(count)))
    if cells > count:
        raise InputError(f"stage1.nlist is {cells}, but the gallery has only {count} faces; give fewer cells.")
    return cells


def _trained(index: Any, settings: IvfSearch | IvfPqSearch, gallery: Tensor, seed: int) -> Any:
    """Find the cells, and what the codes stand for, by faces of the gallery: all of them if they are not very many."""
    index.cp.seed = seed
    index.cp.min_points_per_centroid = 1  # else FAISS warns of cells with few faces
    wanted = max(AT_ONCE, _LEARNT_A_CELL * index.nlist)
    if len(gallery) > wanted:
        generator = torch.Generator().manual_seed(seed)
        gallery = gallery[torch.randperm(len(gallery), generator=generator)[:wanted].sort().values]
    index.train(unit_array(gallery))
    index.nprobe = min(settings.nprobe, index.nlist)
    return index


def _hnsw(settings: HnswSearch, gallery: Tensor, seed: int) -> Any:
    import faiss

    index = faiss.IndexHNSWFlat(gallery.shape[1], settings.m, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.rng = faiss.RandomGenerator(seed)
    # More candidates than faces there are not, and FAISS would make room for them.
    index.hnsw.efConstruction, index.hnsw.efSearch = (
        min(candidates, len(gallery)) for candidates in (settings.ef_construction, settings.ef_search)
    )
    return index


_BUILDERS: dict[str, Callable[[Any, Tensor, int], Any]] = {
    "faiss_flat": _flat,
    "faiss_ivf": _ivf,
    "faiss_ivfpq": _ivfpq,
    "faiss_hnsw": _hnsw,
}
"""Name of a search -> what makes an empty index for a gallery ``(G, D)``."""
