"""What indices learn of a gallery before it is added, and what galleries they cannot be made of."""

import pytest
import torch

from fdemd.errors import InputError
from fdemd.retrieval import faiss_builders
from fdemd.retrieval.faiss_builders import empty_index
from fdemd.retrieval.faiss_search import FaissIndex
from fdemd.settings.ranking import IndexedSearch, IvfPqSearch, IvfSearch

pytest.importorskip("faiss")


def faces(count: int) -> torch.Tensor:
    return torch.randn(count, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("settings", "count", "complaint"),
    [
        (IvfSearch(nlist=50), 4, "nlist is 50, but the gallery has only 4"),
        (IvfPqSearch(nlist=500, code=8), 400, "nlist is 500, but the gallery has only 400"),
        (IvfPqSearch(code=8), 255, "codes from 256 faces or more, and the gallery has 255; use stage1=exact"),
        (IvfPqSearch(code=7), 400, "code is 7; embeddings of 16 numbers cannot be cut into so many equal parts"),
    ],
)
def test_galleries_that_are_too_small_are_refused(settings: IndexedSearch, count: int, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        empty_index(settings, faces(count), 0)


@pytest.mark.parametrize("settings", [IvfSearch(nlist=10), IvfPqSearch(nlist=10, code=8)])
def test_of_a_very_large_gallery_a_sample_is_enough(settings: IndexedSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery, seen = faces(2000), []
    monkeypatch.setattr(faiss_builders, "AT_ONCE", 300)
    unit_array = faiss_builders.unit_array
    monkeypatch.setattr(
        faiss_builders, "unit_array", lambda embeddings: seen.append(len(embeddings)) or unit_array(embeddings)
    )
    index = empty_index(settings, gallery, 0)
    assert index.is_trained
    assert index.ntotal == 0
    assert seen == [400], "40 faces a cell"


def test_equal_seeds_give_equal_codes() -> None:
    gallery = faces(600)
    one, same, other = (
        FaissIndex(IvfPqSearch(nlist=30, nprobe=2, code=8), gallery, seed).search(gallery, 10)[0] for seed in (5, 5, 6)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
