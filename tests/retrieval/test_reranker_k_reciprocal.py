"""The k-reciprocal re-ranker: neighbours are found once a gallery, and what a query may not see plays no part."""

import pytest
import torch

from fdemd.errors import InputError
from fdemd.retrieval.k_reciprocal import KReciprocal
from fdemd.retrieval.reranker_k_reciprocal import KReciprocalReranker
from tests.retrieval.made_features import FACES, GALLERY, QUERY, SHORTLIST, faces


def test_neighbours_are_those_of_each_gallery() -> None:
    reranker = KReciprocalReranker(k1=4, k2=2)
    for gallery in (GALLERY, faces(FACES, 3), GALLERY):
        expected = KReciprocal(gallery.embedding, 4, 2).similarity(QUERY.embedding, SHORTLIST)
        assert torch.equal(reranker.similarity(QUERY, gallery, SHORTLIST).values, expected)


def test_neighbours_of_one_gallery_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Counted(KReciprocal):
        def __init__(self, gallery: torch.Tensor, *k: int) -> None:
            made.append(len(gallery))
            super().__init__(gallery, *k)

    monkeypatch.setattr("fdemd.retrieval.reranker_k_reciprocal.KReciprocal", Counted)
    reranker = KReciprocalReranker(k1=4, k2=2)
    for _ in range(2):
        reranker.similarity(QUERY, GALLERY, SHORTLIST)
    assert made == [FACES]


def test_queries_in_batches_see_their_own_barred_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    barred = SHORTLIST.flip(1)[:, :1]
    whole = KReciprocalReranker(k1=4, k2=2).similarity(QUERY, GALLERY, SHORTLIST[:, :5], barred=barred)
    monkeypatch.setattr(KReciprocalReranker, "batch", 2)
    told: list[int] = []
    cut = KReciprocalReranker(k1=4, k2=2).similarity(
        QUERY, GALLERY, SHORTLIST[:, :5], barred=barred, on_progress=told.append
    )
    torch.testing.assert_close(cut.values, whole.values)
    assert told == [10, 10, 5]
    seen = KReciprocalReranker(k1=4, k2=2).similarity(QUERY, GALLERY, SHORTLIST[:, :5])
    assert not torch.equal(seen.values, whole.values)


def test_the_key_of_stored_similarities_is_that_of_earlier_runs() -> None:
    assert KReciprocalReranker().stored_as() == {"measure": "KReciprocalSettings", "k1": 20, "k2": 6}


def test_a_setting_that_there_is_not_is_told() -> None:
    with pytest.raises(InputError, match="There is no setting colour"):
        KReciprocalReranker(colour="red")
