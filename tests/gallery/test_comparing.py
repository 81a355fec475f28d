"""Both stages over faces, which say the same of a face whatever others are compared with it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fdemd.features import Features
from fdemd.gallery import comparing
from fdemd.gallery.comparing import ComparingHere
from fdemd.gallery.index import Snapshot
from fdemd.gallery.search import default_rerank
from fdemd.retrieval.ranking import NOBODY
from fdemd.retrieval.rerankers import build_reranker
from fdemd.tensors.directions import unit
from tests.gallery.made_gallery import PIN

FACES, LENGTH = 60, 24


def faces(seed: int, count: int = FACES) -> Features:
    generator = torch.Generator().manual_seed(seed)
    patches = torch.randn(count, 4, LENGTH // 4, generator=generator)
    return Features(patches.flatten(1), patches.half(), (2, 2))


def snapshot_of(embeddings: torch.Tensor, people: torch.Tensor | None = None) -> Snapshot:
    rows = torch.arange(len(embeddings))
    return Snapshot(1, unit(embeddings, "faces"), rows + 1, rows if people is None else people, {})


@given(st.integers(1, FACES - 1), st.integers(0, 1000))
def test_a_cosine_does_not_depend_on_the_other_faces(cut: int, seed: int) -> None:
    gallery, query = faces(seed).embedding, faces(seed + 1, 3).embedding
    here = ComparingHere(lambda photographs: (None, photographs), None)
    whole, first, rest = (here.rank(query, snapshot_of(some)) for some in (gallery, gallery[:cut], gallery[cut:]))
    of_each = torch.empty(3, FACES).scatter(1, whole.indices, whole.scores)
    assert torch.equal(of_each.gather(1, first.indices), first.scores)
    assert torch.equal(of_each.gather(1, rest.indices + cut), rest.scores)
    alone = here.rank(query[:1], snapshot_of(gallery))
    assert torch.equal(alone.scores, whole.scores[:1]) and torch.equal(alone.indices, whole.indices[:1])


def test_the_best_come_first_equal_ones_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "DEPTH", 5)
    gallery = torch.eye(3)[torch.tensor([0, 1, 2, 1, 0, 2, 1, 1, 0])]
    here = ComparingHere(lambda photographs: (None, photographs), None)
    found = here.rank(torch.tensor([[0.1, 3.0, 0.2]]), snapshot_of(gallery))
    assert found.indices.tolist() == [[1, 3, 6, 7, 2]]


def test_a_person_can_be_barred() -> None:
    people = torch.arange(FACES) // 3
    here = ComparingHere(lambda photographs: (None, photographs), None)
    found = here.rank(faces(1, 2).embedding, snapshot_of(faces(0).embedding, people), [4, -1])
    assert 4 not in people[found.indices[0][found.indices[0] != NOBODY]]
    assert (found.indices != NOBODY).sum(1).tolist() == [FACES - 3, FACES]


@given(st.sets(st.integers(0, FACES - 1)), st.integers(0, 1000))
def test_a_similarity_does_not_depend_on_who_else_is_compared(gone: set[int], seed: int) -> None:
    gallery, query = faces(seed), faces(seed + 1, 2)
    there = torch.tensor([row not in gone for row in range(FACES)])

    def features(photographs: torch.Tensor) -> tuple[Features | None, torch.Tensor]:
        kept = photographs[there[photographs]]
        return (gallery[kept] if len(kept) else None), kept

    rerank = default_rerank(PIN)
    assert rerank is not None
    reranker = build_reranker(rerank)
    generator = torch.Generator().manual_seed(seed)
    photographs = torch.stack([torch.randperm(FACES, generator=generator)[:9] for _ in range(2)])
    photographs[1, 6:] = NOBODY
    snapshot = snapshot_of(gallery.embedding)
    found = ComparingHere(features, reranker).similarities(query, snapshot, photographs)
    whole = ComparingHere(lambda rows: (gallery[rows], rows), reranker).similarities(query, snapshot, photographs)
    nobody = photographs == NOBODY
    assert torch.equal(found.isnan(), nobody | ~there[photographs])
    assert torch.equal(whole.isnan(), nobody)
    assert torch.equal(found[~found.isnan()], whole[~found.isnan()])
